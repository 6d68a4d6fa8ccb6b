import * as tf from '@tensorflow/tfjs';
import { type Objective, OptimizerStep, ParameterGroup } from '@ar-distill/core/optimization';
import { createEngine } from '@ar-distill/engine';
import {
  createRng,
  float32,
  type HostTensors,
  type StepCompiler,
  tensorSource,
} from '@ar-distill/program';

const ROWS = 4;
const SETTINGS = { beta1: 0.9, beta2: 0.95, weightDecay: 0.1, gradientClip: 0.5 };
const rng = createRng(3);
const initial: HostTensors = {
  weight: float32([3, 2], rng.normal('weight', 0, 6)),
  frozen: float32([2], Float32Array.of(0.5, -0.5)),
};

const batch = (number: number): HostTensors => ({
  x: float32([ROWS, 3], rng.normal('x', number, ROWS * 3)),
  y: float32([ROWS, 2], rng.normal('y', number, ROWS * 2)),
});

/** Two batches as one. */
const joined = (a: HostTensors, b: HostTensors): HostTensors => ({
  x: float32([2 * ROWS, 3], Float32Array.from([...a['x']!.data, ...b['x']!.data])),
  y: float32([2 * ROWS, 2], Float32Array.from([...a['y']!.data, ...b['y']!.data])),
});

const regression: Objective =
  ({ inputs }) =>
  (parameters) => {
    const predicted = tf.matMul(inputs['x'] as tf.Tensor2D, parameters['weight'] as tf.Tensor2D);
    const loss = tf.mean(tf.squaredDifference(predicted.add(parameters['frozen']!), inputs['y']!));
    return { loss, metrics: { loss } };
  };

const schedule = (update: number) => ({ learningRate: 0.05, update, emaDecay: 0.5 });

async function train(
  compiler: StepCompiler,
  rows: number,
  options: { microBatches?: number; updates?: number },
  calls: readonly (readonly HostTensors[])[],
): Promise<{ state: HostTensors; weights: HostTensors; metrics: Record<string, number>[] }> {
  const group = new ParameterGroup('g', initial, {
    isTrained: (name) => name !== 'frozen',
    ema: true,
    accumulates: (options.microBatches ?? 1) > 1,
  });
  const store = await compiler.createStore(group.initialState());
  const step = await OptimizerStep.compile(compiler, store, {
    name: 'regression',
    group,
    inputs: {
      x: { shape: [rows, 3], dtype: 'float32' },
      y: { shape: [rows, 2], dtype: 'float32' },
    },
    objective: regression,
    settings: SETTINGS,
    ...options,
  });
  const metrics: Record<string, number>[] = [];
  let update = 1;
  for (const batches of calls) {
    const schedules = Array.from({ length: step.updates }, () => schedule(update++));
    metrics.push(await step.run(batches, schedules));
  }
  const state = await store.read();
  await step.dispose();
  return { state, weights: await group.weights(tensorSource(state), true), metrics };
}

describe('OptimizerStep', () => {
  const engine = createEngine({ worker: false, threads: 1 });
  afterAll(() => engine.dispose());

  it('averages gradients over micro-batches as one batch of their size would', async () => {
    const [a, b, c, d] = [0, 1, 2, 3].map(batch) as [
      HostTensors,
      HostTensors,
      HostTensors,
      HostTensors,
    ];
    const whole = await train(engine, 2 * ROWS, {}, [[joined(a, b)], [joined(c, d)]]);
    const parts = await train(engine, ROWS, { microBatches: 2 }, [
      [a, b],
      [c, d],
    ]);
    whole.weights['weight']!.data.forEach((value, i) => {
      expect(parts.weights['weight']!.data[i]).toBeCloseTo(value, 5);
    });
    whole.metrics.forEach((metrics, call) => {
      expect(parts.metrics[call]!['loss']).toBeCloseTo(metrics['loss']!, 5);
      expect(parts.metrics[call]!['gradientNorm']).toBeCloseTo(metrics['gradientNorm']!, 5);
    });
    // The sums start the next update from zero.
    expect([...parts.state['g/gradient/weight']!.data]).toEqual(new Array(6).fill(0));
  });

  it('makes several updates in one call bit for bit as one by one', async () => {
    const batches = [0, 1, 2, 3].map(batch);
    const single = await train(
      engine,
      ROWS,
      {},
      batches.map((own) => [own]),
    );
    const looped = await train(engine, ROWS, { updates: 2 }, [
      batches.slice(0, 2),
      batches.slice(2),
    ]);
    expect(looped.state).toEqual(single.state);
  });

  it('clips, decays and averages as the formulas say, and leaves frozen parameters alone', async () => {
    const { state, metrics } = await train(engine, ROWS, {}, [[batch(0)]]);
    await tf.setBackend('cpu');
    const { x, y } = batch(0);
    const X = tf.tensor2d(x!.data, [ROWS, 3]);
    const start = tf.tensor2d(initial['weight']!.data, [3, 2]);
    const error = X.matMul(start)
      .add(tf.tensor1d(initial['frozen']!.data))
      .sub(tf.tensor2d(y!.data, [ROWS, 2]));
    const gradient = X.matMul(error as tf.Tensor2D, true, false).mul(2 / (2 * ROWS));
    const norm = gradient.square().sum().sqrt().dataSync()[0]!;
    expect(metrics[0]!['gradientNorm']).toBeCloseTo(norm, 5);
    expect(norm).toBeGreaterThan(SETTINGS.gradientClip);
    // After one update Adam's ratio is the gradient's sign, whatever the clipping left of it.
    const expected = start.mul(1 - 0.05 * SETTINGS.weightDecay).sub(gradient.sign().mul(0.05));
    const values = expected.dataSync();
    const kept = start.add(expected).mul(0.5).dataSync();
    state['g/value/weight']!.data.forEach((value, i) => expect(value).toBeCloseTo(values[i]!, 5));
    state['g/ema/weight']!.data.forEach((value, i) => expect(value).toBeCloseTo(kept[i]!, 5));
    expect(state['g/value/frozen']).toEqual(initial['frozen']);
    expect(state['g/moment1/frozen']).toBeUndefined();
  });

  it('refuses another number of batches', async () => {
    await expect(train(engine, ROWS, { updates: 2 }, [[batch(0)]])).rejects.toThrow(
      'The step "regression" takes 2 batches and 2 schedules, not 1 and 2.',
    );
  });
});
