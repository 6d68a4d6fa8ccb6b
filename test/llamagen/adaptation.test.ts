import * as tf from '@tensorflow/tfjs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { conditionRows, ofClasses, PLAIN_SAMPLING } from '@ar-distill/core';
import {
  type AdaptationSettings,
  type AdaptationSubject,
  adaptationSettingsSchema,
  type AdaptedTeacher,
  splitSequences,
  startAdaptation,
  teacherFidelity,
  type TokenSequences,
} from '@ar-distill/core/methods';
import { type TrainingEnvironment, TrainingInterruptedError } from '@ar-distill/core/optimization';
import { createEngine } from '@ar-distill/engine';
import { initializeParameters, toTensors } from '@ar-distill/nn';
import {
  type LlamagenArchitecture,
  llamagenArchitectureSchema,
  llamagenBackbone,
  LlamagenTeacher,
} from '@ar-distill/plugin-llamagen';
import { createRng, type HostTensors, int32 } from '@ar-distill/program';
import { createRun, openRun } from '@ar-distill/runs';

const architecture = llamagenArchitectureSchema.parse({
  ...llamagenBackbone.smallArchitecture,
  vocabSize: 16,
});
const continuous = llamagenBackbone.adaptation!.adaptedArchitecture(architecture);
// The regression is cut short, so that the fine-tuning has something to mend.
const settings = adaptationSettingsSchema.parse({
  sequences: 2000,
  heldOut: 300,
  regression: { iterations: 40, learningRate: 0.01 },
  fineTuning: { iterations: 120, batchSize: 64, learningRate: 3e-3, emaDecay: 0.95 },
});
const rng = createRng(settings.seed);
const engine = createEngine({ worker: false, threads: 1 });
const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-adaptation-'));
const teacher = new LlamagenTeacher(architecture, PLAIN_SAMPLING);
const teacherWeights = initializeParameters(
  Object.fromEntries(
    Object.entries(teacher.parameterSpecs).map(([name, { shape }]) => [
      name,
      { shape, init: { kind: 'normal' as const, std: 0.5 } },
    ]),
  ),
  rng,
);

afterAll(async () => {
  await engine.dispose();
  rmSync(root, { recursive: true, force: true });
});

const subject: AdaptationSubject<LlamagenArchitecture> = {
  backbone: llamagenBackbone,
  architecture,
  teacherWeights,
  settings,
};
const services = { compiler: engine, rng };

interface Adapted extends AdaptedTeacher<LlamagenArchitecture> {
  /** What the run directory holds of the sequences. */
  readonly sequences: TokenSequences;
  /** Stages that reported progress. */
  readonly worked: ReadonlySet<string>;
}

/** Adapts in the run directory of that name; with `stop` until that stage has done that many updates. */
async function adaptIn(
  name: string,
  stop?: { readonly stage: string; readonly done: number },
  other: AdaptationSettings = settings,
): Promise<Adapted> {
  const folder = path.join(root, name);
  const run = stop
    ? await createRun(folder, 'adaptation', {})
    : await openRun(path.join(folder, '00000-adaptation')).catch(() =>
        createRun(folder, 'adaptation', {}),
      );
  const controller = new AbortController();
  const worked = new Set<string>();
  const environment: TrainingEnvironment = {
    run,
    signal: controller.signal,
    progress: {
      update: ({ stage, done }) => {
        worked.add(stage);
        if (stage === stop?.stage && done === stop.done) controller.abort();
      },
      message: () => undefined,
    },
  };
  try {
    const adaptation = startAdaptation({ ...subject, settings: other }, services);
    expect(() => adaptation.outcome()).toThrow('run all stages in their order');
    for (const stage of adaptation.stages) await stage.run(environment);
    const { tokens, labels } = (await run.loadArrays('adaptation-sequences'))!;
    const sequences = { tokens: tokens!, condition: { labels: labels! } };
    return { ...adaptation.outcome(), sequences, worked };
  } finally {
    await run.close();
  }
}

const fidelity = (weights: Readonly<HostTensors>, sequences: TokenSequences) =>
  teacherFidelity(
    { teacher, weights: teacherWeights },
    { teacher: new LlamagenTeacher(continuous, PLAIN_SAMPLING), weights },
    sequences,
    64,
    engine,
  );

it('brings a teacher back by fine-tuning on its own sequences, and says how far', async () => {
  const adapted = await adaptIn('whole');
  const { regressed, fineTuned, relativeError, sequences } = adapted;
  expect(adapted.architecture).toEqual(continuous);
  expect(relativeError).toBeGreaterThan(0.01);
  expect(relativeError).toBeLessThan(0.9);
  expect(regressed.divergence).toBeGreaterThan(0.02);
  expect(fineTuned.divergence).toBeLessThan(0.75 * regressed.divergence);
  // The divergence is the expected difference of the cross-entropies.
  for (const { divergence, crossEntropy, originalCrossEntropy } of [regressed, fineTuned]) {
    expect(Math.abs(crossEntropy - originalCrossEntropy - divergence)).toBeLessThan(0.03);
  }
  // It is measured on the last sequences, which the fine-tuning does not see.
  expect(sequences.tokens.shape).toEqual([2300, 4]);
  const [, heldOut] = splitSequences(sequences, 2000);
  expect(await fidelity(adapted.weights, heldOut)).toEqual(fineTuned);
  const itself = await teacherFidelity(
    { teacher, weights: teacherWeights },
    { teacher, weights: teacherWeights },
    heldOut,
    64,
    engine,
  );
  expect(itself.divergence).toBe(0);
  expect(itself.crossEntropy).toBe(regressed.originalCrossEntropy);
}, 120_000);

it('comes closer when the targets are the distributions of the teacher', async () => {
  const tokens = await adaptIn('whole');
  const fineTuning = { ...settings.fineTuning, targets: 'distributions' as const };
  const matched = await adaptIn('distributions', undefined, { ...settings, fineTuning });
  expect(matched.regressed).toEqual(tokens.regressed);
  expect(matched.fineTuned.divergence).toBeLessThan(0.8 * tokens.fineTuned.divergence);
}, 60_000);

it('measures the cross-entropy that the logits give', async () => {
  const { sequences, weights } = await adaptIn('whole');
  const [few] = splitSequences(sequences, 5);
  const { originalCrossEntropy } = await fidelity(weights, few);
  await tf.setBackend('cpu');
  const expected = tf.tidy(() => {
    const tokens = tf.tensor(few.tokens.data, [5, 4], 'int32');
    const condition = toTensors(few.condition);
    const logits = teacher.logitsOfTokens(toTensors(teacherWeights), tokens, condition);
    return tf.logSoftmax(logits).mul(tf.oneHot(tokens, 16)).sum().div(-20).dataSync()[0]!;
  });
  expect(originalCrossEntropy).toBeCloseTo(expected, 4);
}, 60_000);

it.each([
  { stage: 'adaptation-sequences', done: 1024 },
  { stage: 'adaptation-regression', done: 17 },
  { stage: 'adaptation-regression', done: 40 },
  { stage: 'adaptation', done: 61 },
  { stage: 'adaptation', done: 120 },
])(
  'interrupted at %j and resumed ends with the very same teacher',
  async (stop) => {
    const whole = await adaptIn('whole');
    const name = `${stop.stage}-${stop.done}`;
    await expect(adaptIn(name, stop)).rejects.toThrow(TrainingInterruptedError);
    const { worked, ...resumed } = await adaptIn(name);
    const { worked: nothing, ...expected } = whole;
    expect(resumed).toEqual(expected);
    const stages = startAdaptation(subject, services).stages.map((own) => own.name);
    const since = stop.done === 40 || stop.done === 120 ? 1 : 0;
    expect([...worked]).toEqual(stages.slice(stages.indexOf(stop.stage) + since));
    expect([...nothing]).toEqual([]);
  },
  120_000,
);

describe('sequences of a data set', () => {
  const given = (count: number): TokenSequences => ({
    tokens: int32([count, 4], new Int32Array(4 * count)),
    condition: ofClasses(Int32Array.from({ length: count }, (_, i) => i % 3)),
  });

  it('take the place of the teacher’s own', () => {
    const names = (sequences?: TokenSequences): string[] =>
      startAdaptation({ ...subject, sequences }, services).stages.map(({ name }) => name);
    expect(names()).toEqual(['adaptation-sequences', 'adaptation-regression', 'adaptation']);
    expect(names(given(301))).toEqual(['adaptation-regression', 'adaptation']);
  });

  it('are refused when all would be held out, or their classes are others', () => {
    const start = (sequences: TokenSequences) => () =>
      startAdaptation({ ...subject, sequences }, services);
    expect(start(given(300))).toThrow('The data have 300 sequences: set "heldOut" below that.');
    const { tokens, condition } = given(301);
    expect(start({ tokens, condition: conditionRows(condition, [0, 1]) })).toThrow(RangeError);
  });
});

it('refuses a backbone that has no adaptation', () => {
  const { name, summary, architectureSchema, createTeacher, createNetwork } = llamagenBackbone;
  const backbone = { name, summary, architectureSchema, createTeacher, createNetwork };
  expect(() => startAdaptation({ ...subject, backbone }, services)).toThrow(
    'The backbone "llamagen" offers no adaptation: distil its teachers as they are.',
  );
});
