import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSafetensors } from '@ar-distill/checkpoints';
import { float32, type HostTensors } from '@ar-distill/program';
import type { TypedContainer } from '@ar-distill/di';
import { loadModel, saveModel } from '@ar-distill/runs';
import {
  distill,
  type DistillOptions,
  ImageModel,
  InvalidOptionError,
  sample,
  type SampleOptions,
  type WorkflowEvent,
} from '@ar-distill/workflows';
import { pluginContainer } from '../plugin-container';
import { tinyImagePlugin } from './tiny-models';
import { eventsOf } from './watching';

const root = mkdtempSync(path.join(tmpdir(), 'guidance-input-'));
const out = path.join(root, 'runs');
const settings = { guidanceRange: [1, 3] };
let container: TypedContainer;
/** Distilled over a range with the teacher at 1.5, and for one scale. */
let ranged: Distilled;
let plain: Distilled;

type Distilled = Awaited<ReturnType<typeof distilled>>;

async function distilled(options: DistillOptions) {
  const events: WorkflowEvent[] = [];
  const { run, weights } = await distill(
    container,
    { preset: 'pixels', report: false, out, ...options },
    { onEvent: (event) => events.push(event) },
  );
  return {
    run,
    weights,
    messages: eventsOf(events, 'message').map(({ text }) => text),
    stages: [...new Set(eventsOf(events, 'progress').map(({ stage }) => stage))],
  };
}

beforeAll(async () => {
  container = pluginContainer(await tinyImagePlugin(root));
  ranged = await distilled({ settings, guidance: 1.5 });
  plain = await distilled({});
  await strengthen(ranged.weights);
}, 300_000);

afterAll(async () => {
  await container.dispose();
  rmSync(root, { recursive: true, force: true });
});

/** So short a training hardly moves what starts at zero: here the scale shows in the images. */
async function strengthen(file: string): Promise<void> {
  const model = await loadModel(file, 'generator');
  const tensors: HostTensors = { ...model.tensors };
  const name = 'guidance_embed.mlp.2.bias';
  const embedding = tensors['guidance_embed.mlp.2.weight']!;
  tensors[name] = float32(tensors[name]!.shape, new Float32Array(tensors[name]!.data.length));
  tensors['guidance_embed.mlp.2.weight'] = float32(
    embedding.shape,
    Float32Array.from(embedding.data, (_, i) => 5 * Math.sin(i)),
  );
  await saveModel(file, { ...model, tensors });
}

const draw = async (options: SampleOptions) =>
  sample(container, { preset: 'pixels', count: 6, ...options });
const pixels = async (options: SampleOptions) => [...(await draw(options)).images.data];

it('the file of the generator says its range, and at which scale its teacher drew', async () => {
  const { provenance, tensors } = await loadModel(ranged.weights, 'generator');
  expect(provenance).toMatchObject({ guidanceScale: 1.5, lowestGuidance: 1, highestGuidance: 3 });
  expect(Object.keys(tensors)).toContain('guidance_embed.mlp.0.weight');
  const other = await loadModel(plain.weights, 'generator');
  expect(Object.keys(other.provenance).join()).not.toContain('uidance');
});

it('sample has the knob, at one evaluation, and its default is the scale of the teacher', async () => {
  const { evaluations, images } = await draw({ weights: ranged.weights, guidance: 2.5 });
  expect(evaluations).toBe(1);
  const usual = await pixels({ weights: ranged.weights });
  expect(usual).not.toEqual([...images.data]);
  expect(await pixels({ weights: ranged.weights, guidance: 1.5 })).toEqual(usual);
  expect(await pixels({ run: ranged.run })).toEqual(usual);
  expect(await pixels({ run: ranged.run, guidance: 2.5 })).toEqual([...images.data]);
});

it('the teacher that draws the last AR steps again has the same scale', async () => {
  const { evaluations } = await draw({ run: ranged.run, guidance: 3, teacherSteps: 1 });
  expect(evaluations).toBe(2);
});

it('an opened model takes a scale with every request', async () => {
  const model = await ImageModel.open(container, ranged.run);
  const drawn = async (guidance?: number, by: 'generator' | 'teacher' = 'generator') => {
    const values: number[] = [];
    const condition = model.condition.inTurn(0, 6);
    const request = { by, condition, count: 6, rng: model.createRng(0), batchSize: 4, guidance };
    for await (const { images } of model.draw(request)) values.push(...images.data);
    return values;
  };
  const near = (values: number[], others: number[]) =>
    values.forEach((value, i) => expect(value).toBeCloseTo(others[i]!, 5));
  near(await drawn(), await pixels({ run: ranged.run }));
  near(await drawn(2.5), await pixels({ run: ranged.run, guidance: 2.5 }));
  await expect(drawn(3.5)).rejects.toThrow('takes a guidance from 1 to 3, not 3.5: give one in');
  await expect(drawn(2, 'teacher')).rejects.toThrow('the teacher draws here: leave it out.');
  await model.dispose();
});

describe('a guidance that nothing takes is refused', () => {
  it.each<[string, () => SampleOptions, string]>([
    [
      'outside of the range',
      () => ({ weights: ranged.weights, guidance: 0.5 }),
      'The generator takes a guidance from 1 to 3, not 0.5: give one in between.',
    ],
    [
      'by a generator for one scale',
      () => ({ weights: plain.weights, guidance: 2 }),
      'was distilled without "guidanceRange": leave it out, or draw with the teacher.',
    ],
    [
      'that is none',
      () => ({ weights: ranged.weights, guidance: -1 }),
      'a number from 0 on, not -1',
    ],
    [
      'beside a top-k, which is the teacher alone',
      () => ({ weights: ranged.weights, guidance: 2, topK: 3 }),
      'The top-k is of the teacher, which does not draw here',
    ],
  ])('%s', async (_what, options, sentence) => {
    const drawn = draw(options());
    await expect(drawn).rejects.toThrow(InvalidOptionError);
    await expect(drawn).rejects.toThrow(sentence);
  });

  it('by an opened model for one scale', async () => {
    const model = await ImageModel.open(container, plain.weights);
    const condition = model.condition.inTurn(0, 1);
    const request = { by: 'generator', condition, count: 1, rng: model.createRng(0) } as const;
    await expect(model.draw({ ...request, guidance: 2 }).next()).rejects.toThrow(
      'The generator was distilled without "guidanceRange", for one guidance: leave the guidance out.',
    );
    await model.dispose();
  });

  it('in a file that states no range', async () => {
    const model = await loadModel(ranged.weights, 'generator');
    const file = path.join(root, 'forged.safetensors');
    const forgeries = { lowestGuidance: 4, highestGuidance: '3', guidanceScale: 9 };
    for (const [name, forged] of Object.entries(forgeries)) {
      await saveModel(file, { ...model, provenance: { ...model.provenance, [name]: forged } });
      await expect(draw({ weights: file })).rejects.toThrow(
        'states guidance scales that are no range: make the generator again.',
      );
    }
  });

  it('where the teacher of the distillation draws at another scale', async () => {
    const started = distilled({ settings, guidance: 4 });
    await expect(started).rejects.toThrow(InvalidOptionError);
    await expect(started).rejects.toThrow(
      'scale 4 of the teacher is not in "guidanceRange", 1 to 3',
    );
  });
});

it('tuned weights and sequences are used again for the same range alone', async () => {
  const options = { stage1: ranged.run, guidance: 1.5 };
  const again = await distilled({ ...options, settings: { ...settings, objective: 'dmd' } });
  expect(again.messages).toContain(`The teacher's sequences of "${ranged.run}" are used again.`);
  expect(again.stages).toEqual(['distillation']);
  const { tensors } = await readSafetensors(
    path.join(again.run, 'arrays/teacher-pool.safetensors'),
  );
  expect(Object.keys(tensors).sort()).toEqual(['guidance', 'labels', 'sequences', 'tokens']);
  for (const other of [{ guidanceRange: [1, 4] }, {}]) {
    await expect(distilled({ ...options, settings: other })).rejects.toThrow(
      'was tuned with another "guidanceRange" than here',
    );
  }
}, 120_000);

it('the cache keeps the sequences of every range apart', async () => {
  const poolCache = path.join(root, 'cache');
  const drawn = async (range: { readonly guidanceRange?: readonly number[] }) => {
    const { stages } = await distilled({ guidance: 1.5, poolCache, settings: range });
    return stages.includes('teacher-pool');
  };
  expect(await drawn(settings)).toBe(true);
  expect(await drawn({ guidanceRange: [1, 4] })).toBe(true);
  expect(await drawn(settings)).toBe(false);
}, 120_000);

it('a run goes on over its own range alone', async () => {
  const config = path.join(ranged.run, 'config.json');
  expect(JSON.parse(readFileSync(config, 'utf8'))).toMatchObject({ settings });
  await expect(
    distilled({ out: undefined, resume: ranged.run, settings: { guidanceRange: [1, 2] } }),
  ).rejects.toThrow('guidanceRange');
});
