import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { definePlugin, PLAIN_SAMPLING, type Preset } from '@ar-distill/core';
import { dd1SettingsSchema } from '@ar-distill/core/methods';
import type { TypedContainer } from '@ar-distill/di';
import { initializeParameters, type ParameterSpecs } from '@ar-distill/nn';
import { plugin as varPlugin, varBackbone } from '@ar-distill/plugin-var';
import { createRng } from '@ar-distill/program';
import { saveModel } from '@ar-distill/runs';
import {
  distill,
  type DistillResult,
  evaluate,
  exportModel,
  ImageModel,
  InvalidOptionError,
  sample,
  type SampleOptions,
  type SampleResult,
  type WorkflowEvent,
} from '@ar-distill/workflows';
import { pluginContainer } from '../plugin-container';
import { thirdPartyPlugin } from './third-party-plugin';
import { eventsOf } from './watching';

const root = mkdtempSync(path.join(tmpdir(), 'dd1-'));
const out = path.join(root, 'runs');
const MINUTES = 300_000;
const architecture = varBackbone.smallArchitecture!;
/** Of 21 positions and 3 classes, as few as independent tokens take. */
const PAIRS = 63;
const SAMPLES = 12;
let container: TypedContainer;
let made: DistillResult;

/** A plugin with a preset of a small VAR. */
const smallPlugin = async () =>
  definePlugin({
    name: 'small',
    summary: 'A small VAR.',
    presets: { smallest: await smallPreset() },
  });

/** A preset of a small VAR with random weights, which is measured by somebody else's feature network. */
async function smallPreset(): Promise<Preset> {
  const weightsOf = async (
    kind: 'teacher' | 'tokenizer',
    { parameterSpecs }: { readonly parameterSpecs: ParameterSpecs },
  ): Promise<string> => {
    const file = path.join(root, `${kind}.safetensors`);
    const tensors = initializeParameters(parameterSpecs, createRng(2));
    const described = { kind, plugin: 'var', preset: 'small:smallest', architecture };
    await saveModel(file, { ...described, tensors, provenance: {} });
    return file;
  };
  return {
    summary: 'for tests',
    backbone: 'var',
    architecture,
    teacherSampling: PLAIN_SAMPLING,
    methods: {
      dd1: dd1SettingsSchema.parse({
        pairs: PAIRS,
        iterations: 3,
        batchSize: 4,
        learningRate: 0.01,
        solverSteps: 2,
        secondStart: 1,
        codeSteps: 1,
        checkpointInterval: 2,
      }),
    },
    dataset: 'colours',
    evaluation: { featureNetwork: 'moments', metrics: ['brightness', 'frechet-distance'] },
    weights: {
      teacher: await weightsOf('teacher', varBackbone.createTeacher(architecture, PLAIN_SAMPLING)),
      tokenizer: await weightsOf('tokenizer', varBackbone.createTokenizer!(architecture)),
    },
  };
}

beforeAll(async () => {
  container = pluginContainer(varPlugin, await smallPlugin(), await thirdPartyPlugin(root));
  made = await distill(container, { preset: 'smallest', samples: SAMPLES, out });
}, MINUTES);

afterAll(async () => {
  await container.dispose();
  rmSync(root, { recursive: true, force: true });
});

it('is measured in one step and in two, beside the teacher, its start and independent tokens', () => {
  const { report } = made;
  if (report?.kind !== 'images') throw new Error('It can be measured.');
  const drawn = report.rows.filter(({ evaluations }) => evaluations !== undefined);
  expect(drawn.map(({ name, evaluations }) => [name, evaluations])).toEqual([
    ['AR teacher', architecture.patchNums.length],
    ['DD1 generator', 1],
    ['DD1 generator, snapped to codes', 1],
    ['DD1 generator, 2 steps', 2],
    ['one step before distillation', 1],
    ['onestep* (independent tokens)', 1],
  ]);
  for (const { values } of drawn) {
    expect(values!['frechet-distance']).toBeGreaterThanOrEqual(0);
    expect(values!['teacher-distance']).toBeGreaterThan(0);
  }
  expect(report.result).toBe('DD1 generator');
  expect(report.samples).toBe(SAMPLES);
});

it('is refused before there is a run where independent tokens take more pairs', async () => {
  const elsewhere = path.join(root, 'refused');
  const settings = { pairs: PAIRS - 1 };
  const options = { preset: 'smallest', samples: SAMPLES, settings, out: elsewhere };
  const refused = distill(container, options);
  await expect(refused).rejects.toThrow(InvalidOptionError);
  await expect(refused).rejects.toThrow(
    `The setting "pairs" is ${PAIRS - 1} where the report of "smallest" needs ${PAIRS} or more`,
  );
  expect(existsSync(elsewhere)).toBe(false);
});

describe('the generator of a run', () => {
  const drawn = (options: Partial<SampleOptions>, onEvent?: (event: WorkflowEvent) => void) =>
    sample(container, { run: made.run, count: 5, ...options }, onEvent ? { onEvent } : {});
  const events: WorkflowEvent[] = [];
  let two: SampleResult;
  beforeAll(async () => {
    two = await drawn({ steps: 2 }, (event) => void events.push(event));
  });

  it('draws in one step, and in two where it is asked to', async () => {
    const one = await drawn({});
    expect([one, two].map(({ evaluations }) => evaluations)).toEqual([1, 2]);
    expect(two.images).not.toEqual(one.images);
    expect(eventsOf(events, 'generator')).toEqual([
      { kind: 'generator', file: made.weights, method: 'dd1' },
    ]);
  });

  it('has in two steps the figures that the report has', async () => {
    const { report } = made;
    if (report?.kind !== 'images') throw new Error('It can be measured.');
    const row = (name: string) => report.rows.find((own) => own.name === name)!.values!;
    const { values } = await evaluate(container, { run: made.run, samples: SAMPLES, steps: 2 });
    for (const metric of ['brightness', 'frechet-distance']) {
      expect(values[metric]).toBeCloseTo(row('DD1 generator, 2 steps')[metric]!, 3);
      expect(values[metric]).not.toBeCloseTo(row('DD1 generator')[metric]!, 6);
    }
  });

  it('draws in two for programs', async () => {
    const model = await ImageModel.open(container, made.run);
    const { images, condition } = two;
    const request = { condition, count: 5, rng: model.createRng(0), steps: 2 };
    const values: number[] = [];
    for await (const batch of model.draw({ ...request, by: 'generator' })) {
      values.push(...batch.images.data);
    }
    const teacher = model.draw({ ...request, by: 'teacher' }).next();
    await expect(teacher).rejects.toThrow('The teacher draws all of its AR steps');
    await model.dispose();
    expect(values).toEqual([...images.data]);
  });

  it.each<[Partial<SampleOptions>, string]>([
    [{ steps: 3 }, 'This generator draws in 1 step or in 2, not in 3: ask for one of these.'],
    [{ steps: 2, teacher: true }, '"steps" has no effect beside "teacher"'],
    [{ steps: 2, teacherSteps: 1 }, '"steps" has no effect beside "teacherSteps"'],
  ])('refuses %j', async (options, sentence) => {
    const refused = drawn(options);
    await expect(refused).rejects.toThrow(InvalidOptionError);
    await expect(refused).rejects.toThrow(sentence);
  });
});

describe('the model directory of a run', () => {
  const exported = async (by: TypedContainer, name: string) => {
    const { folder } = await exportModel(by, { run: made.run, out: path.join(root, name) });
    const text = (file: string) => readFileSync(path.join(folder, file), 'utf8');
    return { folder, card: text('README.md'), program: () => text('generator.py') };
  };

  it('has a PyTorch program of this method, with nothing of others', async () => {
    const { card, program } = await exported(container, 'model');
    expect(card).toContain('python generator.py --class 3');
    expect(card).toContain('With `--steps 2` it draws in two network evaluations.');
    const classes = [...program().matchAll(/^class (\w+)/gm)].map(([, name]) => name);
    expect(classes).toEqual(expect.arrayContaining(['FlowMapGenerator', 'VarFlowMapGenerator']));
    expect(classes).not.toContain('OneStepGenerator');
    expect(classes.at(-1)).toBe('VarImageModel');
  });

  it('says that the backbone brings none', async () => {
    const { pytorchFilesOfMethods, ...backbone } = varBackbone;
    expect(Object.keys(pytorchFilesOfMethods!)).toEqual(['dd1']);
    const without = pluginContainer(
      { ...varPlugin, backbones: [backbone] },
      await smallPlugin(),
      await thirdPartyPlugin(root),
    );
    const { folder, card } = await exported(without, 'without');
    await without.dispose();
    expect(existsSync(path.join(folder, 'generator.py'))).toBe(false);
    expect(card).toContain(
      'There is no PyTorch program for generators of the method "dd1", because the plugin of "var" brings none.',
    );
  });
});
