import * as tf from '@tensorflow/tfjs';
import type { HostTensor, HostTensors, StepProgram } from '@ar-distill/program';

const BATCH = 8;
const FEATURES = 5;
const WIDTH = 16;
const CLASSES = 3;
const SHAPES = {
  'hidden.weight': [FEATURES, WIDTH],
  'hidden.bias': [WIDTH],
  'out.weight': [WIDTH, CLASSES],
  'out.bias': [CLASSES],
} as const;
const NAMES = Object.keys(SHAPES);

/** Uniform numbers in [-1, 1) from a linear congruential generator. */
export function noise(seed: number, count: number): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** A float32 array of such numbers. */
export function uniform(seed: number, ...shape: number[]): HostTensor {
  const count = shape.reduce((a, b) => a * b, 1);
  return { shape, dtype: 'float32', data: noise(seed, count) };
}

/** Weights, zero moments and the number of the update (int32) of the classifier. */
export function initialState(): HostTensors {
  const state: HostTensors = { update: { shape: [], dtype: 'int32', data: Int32Array.of(0) } };
  Object.entries(SHAPES).forEach(([name, shape], i) => {
    state[name] = uniform(i + 1, ...shape);
    for (const kind of ['moment1', 'moment2']) {
      const { data } = uniform(0, ...shape);
      state[`${kind}/${name}`] = { shape, dtype: 'float32', data: new Float32Array(data.length) };
    }
  });
  return state;
}

/** Samples and labels of one update, or of `iterations` updates. */
export function batch(index: number, iterations?: number): HostTensors {
  const leading = iterations === undefined ? [] : [iterations];
  const parts = Array.from({ length: iterations ?? 1 }, (_, i) => {
    const x = noise(1000 + index + i, BATCH * FEATURES);
    const labels = noise(2000 + index + i, BATCH).map((u) => Math.floor(((u + 1) / 2) * CLASSES));
    return { x, labels };
  });
  return {
    x: {
      shape: [...leading, BATCH, FEATURES],
      dtype: 'float32',
      data: Float32Array.from(parts.flatMap(({ x }) => [...x])),
    },
    labels: {
      shape: [...leading, BATCH],
      dtype: 'int32',
      data: Int32Array.from(parts.flatMap(({ labels }) => [...labels])),
    },
    learningRate: {
      shape: leading,
      dtype: 'float32',
      data: new Float32Array(iterations ?? 1).fill(0.01),
    },
  };
}

/** One Adam update of a two-layer classifier; reports the loss and the predictions (int32). */
export function trainingProgram(options: Partial<StepProgram> = {}): StepProgram {
  return {
    name: 'train',
    state: Object.keys(initialState()),
    inputs: {
      x: { shape: [BATCH, FEATURES], dtype: 'float32' },
      labels: { shape: [BATCH], dtype: 'int32' },
      learningRate: { shape: [], dtype: 'float32' },
    },
    fn: ({ state, inputs }) => {
      const at = (values: Record<string, tf.Tensor>, name: string): tf.Tensor => values[name]!;
      const forward = (...parameters: tf.Tensor[]): tf.Tensor => {
        const [hidden, hiddenBias, out, outBias] = parameters as [
          tf.Tensor2D,
          tf.Tensor,
          tf.Tensor2D,
          tf.Tensor,
        ];
        const features = tf
          .matMul(at(inputs, 'x') as tf.Tensor2D, hidden)
          .add(hiddenBias)
          .tanh();
        return tf.matMul(features as tf.Tensor2D, out).add(outBias);
      };
      const loss = (...parameters: tf.Tensor[]): tf.Scalar =>
        tf
          .oneHot(at(inputs, 'labels').toInt() as tf.Tensor1D, CLASSES)
          .toFloat()
          .mul(tf.logSoftmax(forward(...parameters)))
          .sum()
          .mul(-1 / BATCH)
          .asScalar();
      const parameters = NAMES.map((name) => at(state, name));
      const { value, grads } = tf.valueAndGrads(loss)(parameters);
      const update = at(state, 'update').add(tf.scalar(1, 'int32'));
      const correction = (beta: number): tf.Tensor => tf.sub(1, tf.pow(beta, update.toFloat()));
      const next: Record<string, tf.Tensor> = { update };
      NAMES.forEach((name, i) => {
        const gradient = grads[i]!;
        const moment1 = at(state, `moment1/${name}`).mul(0.9).add(gradient.mul(0.1));
        const moment2 = at(state, `moment2/${name}`).mul(0.99).add(gradient.square().mul(0.01));
        const scale = moment2.div(correction(0.99)).sqrt().add(1e-8);
        next[name] = parameters[i]!.sub(
          moment1.div(correction(0.9)).div(scale).mul(at(inputs, 'learningRate')),
        );
        next[`moment1/${name}`] = moment1;
        next[`moment2/${name}`] = moment2;
      });
      return {
        state: next,
        outputs: { loss: value, predictions: forward(...parameters).argMax(1) },
      };
    },
    ...options,
  };
}
