import * as tf from '@tensorflow/tfjs';
import type { HostTensor, HostTensors, StepFunction } from '@ar-distill/program';
import type { TraceSpec } from '../src/trace/trace';
import { floats, integers, specOf, uniform } from './arrays';

export interface TransformerOptions {
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  readonly vocabulary: number;
  readonly batch: number;
  readonly length: number;
}

/** Small enough for the reference backend. */
export const SMALL_TRANSFORMER: TransformerOptions = {
  width: 16,
  depth: 2,
  heads: 2,
  vocabulary: 11,
  batch: 3,
  length: 7,
};

type Tensors = Readonly<Record<string, tf.Tensor>>;

/** Weights by name, in the order of their use. */
export function transformerWeights(options: TransformerOptions): HostTensors {
  const { width, depth, vocabulary, length } = options;
  const weights: HostTensors = {};
  const add = (name: string, ...shape: number[]): void => {
    const bound = 1 / Math.sqrt(shape[0]!);
    weights[name] = uniform(shape, -bound, bound, Object.keys(weights).length);
  };
  const addNorm = (name: string): void => {
    weights[`${name}.gain`] = uniform([width], 0.5, 1.5, Object.keys(weights).length);
    add(`${name}.bias`, width);
  };
  add('embedding', vocabulary, width);
  add('position', length, width);
  for (let i = 0; i < depth; i++) {
    addNorm(`${i}.norm1`);
    add(`${i}.qkv`, width, 3 * width);
    add(`${i}.projection`, width, width);
    addNorm(`${i}.norm2`);
    add(`${i}.fc1`, width, 4 * width);
    add(`${i}.fc1.bias`, 4 * width);
    add(`${i}.fc2`, 4 * width, width);
  }
  addNorm('norm');
  add('head', width, vocabulary);
  return weights;
}

/** Cross-entropy of next tokens: a causal pre-norm transformer in plain tfjs operations. */
export function transformerLoss(
  options: TransformerOptions,
  weights: Tensors,
  tokens: tf.Tensor,
  labels: tf.Tensor,
): tf.Scalar {
  const { width, depth, heads, vocabulary, batch, length } = options;
  const weight = (name: string): tf.Tensor => weights[name]!;
  const rows = batch * length;
  const norm = (x: tf.Tensor, name: string): tf.Tensor => {
    const { mean, variance } = tf.moments(x, -1, true);
    const unit = x.sub(mean).mul(variance.add(1e-6).rsqrt());
    return unit.mul(weight(`${name}.gain`)).add(weight(`${name}.bias`));
  };
  const split = (x: tf.Tensor): tf.Tensor =>
    x
      .reshape([batch, length, heads, width / heads])
      .transpose([0, 2, 1, 3])
      .reshape([batch * heads, length, width / heads]);
  const hidden = tf.linalg
    .bandPart(tf.ones([length, length]), -1, 0)
    .sub(1)
    .mul(1e9);

  let x = tf
    .gather(weight('embedding'), tokens.flatten().toInt())
    .reshape([batch, length, width])
    .add(weight('position'))
    .reshape([rows, width]);
  for (let i = 0; i < depth; i++) {
    const [q, k, v] = tf
      .split(norm(x, `${i}.norm1`).matMul(weight(`${i}.qkv`)), 3, 1)
      .map(split) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const scores = tf.matMul(q.div(Math.sqrt(width / heads)), k, false, true).add(hidden);
    const mixed = tf
      .matMul(scores.softmax(), v)
      .reshape([batch, heads, length, width / heads])
      .transpose([0, 2, 1, 3])
      .reshape([rows, width]);
    x = x.add(mixed.matMul(weight(`${i}.projection`)));
    const inner = norm(x, `${i}.norm2`)
      .matMul(weight(`${i}.fc1`))
      .add(weight(`${i}.fc1.bias`));
    // GELU, tanh approximation.
    const bent = inner
      .add(inner.pow(3).mul(0.044715))
      .mul(Math.sqrt(2 / Math.PI))
      .tanh()
      .add(1);
    x = x.add(
      inner
        .mul(0.5)
        .mul(bent)
        .matMul(weight(`${i}.fc2`)),
    );
  }
  const logits = norm(x, 'norm').matMul(weight('head'));
  const targets = tf.oneHot(labels.flatten().toInt(), vocabulary, 1, 0, 'float32');
  return tf.logSoftmax(logits).mul(targets).sum(1).mean().neg() as tf.Scalar;
}

/** One update of AdamW; outputs the loss and the gradients. */
export function transformerStep(options: TransformerOptions): StepFunction {
  return ({ state, inputs }) => {
    const names = Object.keys(state).filter((name) => !name.startsWith('moment'));
    const gradient = tf.valueAndGrads((...values: tf.Tensor[]) =>
      transformerLoss(
        options,
        Object.fromEntries(names.map((name, i) => [name, values[i]!])),
        inputs['tokens']!,
        inputs['labels']!,
      ),
    );
    const { value, grads } = gradient(names.map((name) => state[name]!));
    const next: Record<string, tf.Tensor> = {};
    const outputs: Record<string, tf.Tensor> = { loss: value };
    names.forEach((name, i) => {
      const dx = grads[i]!;
      const first = state[`moment1/${name}`]!.mul(0.9).add(dx.mul(0.1));
      const second = state[`moment2/${name}`]!.mul(0.95).add(dx.square().mul(0.05));
      const update = first.div(second.sqrt().add(1e-6)).mul(inputs['rate']!);
      next[name] = state[name]!.mul(tf.sub(1, inputs['rate']!.mul(0.01))).sub(update);
      next[`moment1/${name}`] = first;
      next[`moment2/${name}`] = second;
      outputs[`gradient/${name}`] = dx;
    });
    return { state: next, outputs };
  };
}

/** Weights with moments that are not zero, so that updates are well conditioned. */
export function transformerState(options: TransformerOptions): HostTensors {
  const weights = transformerWeights(options);
  const moments = Object.entries(weights).flatMap(
    ([name, { shape }], i): [string, HostTensor][] => [
      [`moment1/${name}`, uniform(shape, -0.1, 0.1, 100 + i)],
      [`moment2/${name}`, uniform(shape, 0.1, 0.2, 200 + i)],
    ],
  );
  return { ...weights, ...Object.fromEntries(moments) };
}

export function transformerInputs(
  { batch, length, vocabulary }: TransformerOptions,
  seed: number,
): HostTensors {
  return {
    tokens: integers([batch, length], 0, vocabulary, seed),
    labels: integers([batch, length], 0, vocabulary, seed + 1),
    rate: floats([], 0.01),
  };
}

export function transformerSpec(options: TransformerOptions): TraceSpec {
  const specs = (tensors: HostTensors): TraceSpec['state'] =>
    Object.fromEntries(Object.entries(tensors).map(([key, value]) => [key, specOf(value)]));
  return {
    state: specs(transformerState(options)),
    constants: {},
    inputs: specs(transformerInputs(options, 0)),
  };
}
