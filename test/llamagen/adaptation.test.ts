import * as tf from '@tensorflow/tfjs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PLAIN_SAMPLING } from '@ar-distill/core';
import {
  adaptationSettingsSchema,
  type AdaptedTeacher,
  adaptTeacher,
  splitSequences,
  teacherFidelity,
  type TokenSequences,
} from '@ar-distill/core/methods';
import { type TrainingEnvironment, TrainingInterruptedError } from '@ar-distill/core/optimization';
import { createTeacherPool } from '@ar-distill/core/sampling';
import { createEngine } from '@ar-distill/engine';
import { initializeParameters } from '@ar-distill/nn';
import { llamagenArchitectureSchema, LlamagenTeacher, plugin } from '@ar-distill/plugin-llamagen';
import { createRng, type HostTensors } from '@ar-distill/program';
import { createRun, openRun } from '@ar-distill/runs';
import { toTensors } from './fixture';

const architecture = llamagenArchitectureSchema.parse({
  gridSize: 2,
  vocabSize: 16,
  channels: 4,
  numClasses: 3,
  width: 16,
  depth: 2,
  heads: 2,
  multipleOf: 8,
  codeScale: 2,
  tokenizer: {
    imageSize: 4,
    imageChannels: 1,
    baseChannels: 8,
    channelMultipliers: [1, 1],
    latentChannels: 8,
    residualBlocks: 1,
    groups: 4,
  },
});
const adaptation = plugin.adaptation!;
const continuous = adaptation.adaptedArchitecture(architecture);
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

/** Adapts in the run directory of that name; with `stop` until that stage has done that many updates. */
async function adaptIn(
  name: string,
  stop?: { readonly stage: string; readonly done: number },
): Promise<AdaptedTeacher & { readonly heldOut: TokenSequences }> {
  const folder = path.join(root, name);
  const run = stop
    ? await createRun(folder, 'adaptation', {})
    : await openRun(path.join(folder, '00000-adaptation')).catch(() =>
        createRun(folder, 'adaptation', {}),
      );
  const controller = new AbortController();
  const environment: TrainingEnvironment = {
    run,
    signal: controller.signal,
    progress: {
      update: ({ stage, done }) => {
        if (stage === stop?.stage && done === stop.done) controller.abort();
      },
      message: () => undefined,
    },
  };
  try {
    const { tokens, labels } = await createTeacherPool(
      {
        teacher,
        teacherWeights,
        size: settings.sequences + settings.heldOut,
        batchSize: 100,
        name: 'adaptation-sequences',
      },
      engine,
      rng,
      environment,
    );
    const [sequences, heldOut] = splitSequences({ tokens: tokens!, labels }, settings.sequences);
    const adapted = await adaptTeacher(
      { adaptation, architecture, teacherWeights, sequences, settings },
      engine,
      rng,
      environment,
    );
    return { ...adapted, heldOut };
  } finally {
    await run.close();
  }
}

const fidelity = (weights: HostTensors, sequences: TokenSequences) =>
  teacherFidelity(
    { teacher, weights: teacherWeights },
    { teacher: new LlamagenTeacher(continuous, PLAIN_SAMPLING), weights },
    sequences,
    64,
    engine,
  );

it('brings a teacher back by fine-tuning on its own sequences, and says how far', async () => {
  const { weights, regressedWeights, relativeError, heldOut } = await adaptIn('whole');
  expect(relativeError).toBeGreaterThan(0.01);
  expect(relativeError).toBeLessThan(0.9);
  const regressed = await fidelity(regressedWeights, heldOut);
  const fineTuned = await fidelity(weights, heldOut);
  expect(regressed.divergence).toBeGreaterThan(0.02);
  expect(fineTuned.divergence).toBeLessThan(0.75 * regressed.divergence);
  // The divergence is the expected difference of the cross-entropies.
  for (const { divergence, crossEntropy, originalCrossEntropy } of [regressed, fineTuned]) {
    expect(Math.abs(crossEntropy - originalCrossEntropy - divergence)).toBeLessThan(0.03);
  }
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

it('measures the cross-entropy that the logits give', async () => {
  const { heldOut } = await adaptIn('whole');
  const [few] = splitSequences(heldOut, 5);
  const { originalCrossEntropy } = await fidelity((await adaptIn('whole')).weights, few);
  await tf.setBackend('cpu');
  const expected = tf.tidy(() => {
    const tokens = tf.tensor(few.tokens.data, [5, 4], 'int32');
    const labels = tf.tensor1d(few.labels.data, 'int32');
    const logits = teacher.logitsOfTokens(toTensors(teacherWeights), tokens, labels);
    return tf.logSoftmax(logits).mul(tf.oneHot(tokens, 16)).sum().div(-20).dataSync()[0]!;
  });
  expect(originalCrossEntropy).toBeCloseTo(expected, 4);
}, 60_000);

it.each([
  { stage: 'adaptation-regression', done: 17 },
  { stage: 'adaptation', done: 61 },
])(
  'interrupted at %j and resumed ends with the very same weights',
  async (stop) => {
    const whole = await adaptIn('whole');
    const name = `${stop.stage}-${stop.done}`;
    await expect(adaptIn(name, stop)).rejects.toThrow(TrainingInterruptedError);
    const { weights, regressedWeights } = await adaptIn(name);
    expect(weights).toEqual(whole.weights);
    expect(regressedWeights).toEqual(whole.regressedWeights);
  },
  120_000,
);
