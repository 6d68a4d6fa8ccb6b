import {
  supervisedSettingsSchema,
  type SupervisedTask,
  trainSupervised,
} from '@ar-distill/core/optimization';
import { createEngine } from '@ar-distill/engine';
import { createRng, float32, type HostTensors } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import { memoryRun } from './memory-run';

const ROWS = 8;
const engine = createEngine({ worker: false, threads: 1 });
afterAll(() => engine.dispose());

/** A line through points, with noise on the inputs. */
const line: SupervisedTask = {
  parameterSpecs: { slope: { shape: [1], init: { kind: 'constant', value: 0.5 } } },
  isTrainable: () => true,
  batchSpecs: (size) => ({
    x: { shape: [size], dtype: 'float32' },
    y: { shape: [size], dtype: 'float32' },
  }),
  noiseSpecs: (size) => ({ shift: { shape: [size], dtype: 'float32' } }),
  // By the number of the row alone, however many of them come at once.
  drawNoise: (_rng, number, size) => ({ shift: rows(number, size, (row) => Math.sin(row)) }),
  evaluate: ({ slope }, { x, y, shift }) => ({
    loss: tf.mean(tf.square(tf.sub(tf.mul(tf.add(x!, shift!), slope!), y!))),
    metrics: {},
  }),
};

function rows(number: number, size: number, value: (row: number) => number) {
  return float32(
    [size],
    Float32Array.from({ length: size }, (_, i) => value(number * size + i)),
  );
}

function train(microBatches?: number): Promise<{ readonly weights: HostTensors }> {
  const settings = supervisedSettingsSchema.parse({
    iterations: 12,
    batchSize: ROWS,
    learningRate: 0.05,
    emaDecay: 0.5,
  });
  return trainSupervised(
    {
      name: 'line',
      task: line,
      settings,
      batch: (number, size) => ({
        x: rows(number, size, (row) => Math.cos(3 * row)),
        y: rows(number, size, (row) => 2 * Math.cos(3 * row)),
      }),
      ...(microBatches === undefined ? {} : { microBatches }),
    },
    engine,
    createRng(0),
    memoryRun().environment,
  );
}

it('averages the gradients of micro-batches: they train as the whole batch does', async () => {
  const whole = (await train()).weights['slope']!.data[0]!;
  expect(whole).toBeGreaterThan(0.6);
  for (const microBatches of [2, 4]) {
    const { weights } = await train(microBatches);
    expect(weights['slope']!.data[0]).toBeCloseTo(whole, 5);
  }
});
