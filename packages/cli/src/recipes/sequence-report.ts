import {
  ArDiffusionGenerator,
  requireFinite,
  sampleArDiffusion,
  sequenceLength,
  sequencePlace,
  type DistilledGenerator,
  type Rng,
  type TeacherPool,
} from '@ar-distill/core';
import { float32, int32, type HostTensor, type HostTensors, type Parameters } from '@ar-distill/nn';
import type { Run } from '@ar-distill/runs';
import * as tf from '@tensorflow/tfjs';
import type { PresetModels } from './models';
import type { RecipeContext } from './types';

const SAMPLES = 65_536;
const BATCH = 4096;
const SOLVER_STEPS = 10;

export interface SequenceReport {
  readonly context: RecipeContext;
  readonly models: PresetModels;
  readonly pool: TeacherPool;
  /** Weights after stage 1. */
  readonly tuned: Readonly<HostTensors>;
  readonly result: DistilledGenerator;
  readonly run: Run;
  readonly rng: Rng;
}

/**
 * What the plugin itself can say of sequences that are not images (for a tabular teacher: how far
 * they are from the exact distribution), before and after distillation, printed and written to
 * `results.json`.
 */
export async function reportSequences({
  context,
  models,
  pool,
  tuned,
  result,
  run,
  rng,
}: SequenceReport): Promise<string | undefined> {
  const { plugin, print } = context;
  const { network, architecture } = models;
  if (!plugin.measureSequences) return undefined;
  const generator = new ArDiffusionGenerator(network);
  const oneStep = (parameters: Parameters, noise: tf.Tensor, labels: tf.Tensor): tf.Tensor =>
    generator.generate(parameters, noise, labels);
  const manySteps = (parameters: Parameters, noise: tf.Tensor, labels: tf.Tensor): tf.Tensor =>
    sampleArDiffusion(network, parameters, noise, labels, SOLVER_STEPS);
  const draw = (weights: Readonly<HostTensors>, sequence: typeof oneStep): Promise<HostTensor> =>
    drawSequences({ context, models, rng }, weights, sequence);
  const subjects: Readonly<Record<string, HostTensor>> = {
    teacher: pool.sequences,
    [`AR-diffusion model, ${SOLVER_STEPS} Euler steps`]: await draw(tuned, manySteps),
    'one step before distillation': await draw(tuned, oneStep),
    'one step, averaged weights': await draw(result.average, oneStep),
    'one step, raw weights': await draw(result.raw, oneStep),
  };
  const results = Object.fromEntries(
    Object.entries(subjects).map(([name, sequences]) => [
      name,
      plugin.measureSequences!(architecture, sequences),
    ]),
  );
  for (const [name, figures] of Object.entries(results)) {
    const texts = Object.entries(figures).map(([figure, value]) => `${figure} ${value.toFixed(4)}`);
    print(`${name}: ${texts.join(', ')}`);
  }
  return run.writeFile('results.json', Buffer.from(`${JSON.stringify(results, null, 2)}\n`));
}

async function drawSequences(
  { context, models, rng }: Pick<SequenceReport, 'context' | 'models' | 'rng'>,
  weights: Readonly<HostTensors>,
  sequence: (parameters: Parameters, noise: tf.Tensor, labels: tf.Tensor) => tf.Tensor,
): Promise<HostTensor> {
  const { network, teacher } = models;
  const shape = [sequenceLength(network.layout), network.layout.channels];
  const size = shape[0]! * shape[1]!;
  const step = await context.compiler.compile({
    name: 'sequences',
    fn: ({ constants, inputs }) => ({
      outputs: { sequences: sequence(constants, inputs['noise']!, inputs['labels']!) },
    }),
    constants: weights,
    inputs: {
      noise: { shape: [BATCH, ...shape], dtype: 'float32' },
      labels: { shape: [BATCH], dtype: 'int32' },
    },
  });
  const all = new Float32Array(SAMPLES * size);
  for (let first = 0; first < SAMPLES; first += BATCH) {
    const noise = rng.normal('report/noise', first / BATCH, BATCH * size);
    const labels = Int32Array.from({ length: BATCH }, (_, i) => (first + i) % teacher.numClasses);
    const { sequences } = await step.run({
      noise: float32([BATCH, ...shape], noise),
      labels: int32([BATCH], labels),
    });
    requireFinite('The generated sequence', sequences!, first, sequencePlace(network.layout));
    all.set(sequences!.data, first * size);
  }
  await step.dispose();
  return float32([SAMPLES, ...shape], all);
}
