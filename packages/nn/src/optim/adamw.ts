import * as tf from '@tensorflow/tfjs';

type NamedTensors = Readonly<Record<string, tf.Tensor>>;

/** What one AdamW update reads. `gradients` names the parameters that are updated. */
export interface AdamWUpdate {
  readonly parameters: NamedTensors;
  readonly gradients: NamedTensors;
  /** Moving averages of the gradients and of their squares, zero before the first update. */
  readonly moments1: NamedTensors;
  readonly moments2: NamedTensors;
  /** Scalar tensors, because they change from step to step. */
  readonly learningRate: tf.Tensor;
  readonly biasCorrection1: tf.Tensor;
  readonly biasCorrection2: tf.Tensor;
  readonly beta1: number;
  readonly beta2: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Decoupled: parameters shrink by learningRate · weightDecay per update. Default 0. */
  readonly weightDecay?: number;
}

/** New values under the names of `gradients`. */
export interface AdamWResult {
  readonly parameters: Record<string, tf.Tensor>;
  readonly moments1: Record<string, tf.Tensor>;
  readonly moments2: Record<string, tf.Tensor>;
}

/**
 * One update of AdamW (Loshchilov & Hutter 2019, algorithm 2; the same arithmetic as
 * `torch.optim.AdamW`). The bias corrections are 1 − βᵏ, see {@link biasCorrections}.
 * Throws when a gradient has no parameter or moment of its name.
 */
export function adamW(update: AdamWUpdate): AdamWResult {
  const { beta1, beta2, epsilon = 1e-8, weightDecay = 0 } = update;
  const stepSize = tf.div(update.learningRate, update.biasCorrection1);
  const inverseRootCorrection = tf.rsqrt(update.biasCorrection2);
  const result: AdamWResult = { parameters: {}, moments1: {}, moments2: {} };
  for (const [name, gradient] of Object.entries(update.gradients)) {
    const value = named(update.parameters, name, 'parameter');
    const moment1 = tf.add(
      tf.mul(named(update.moments1, name, 'first moment'), beta1),
      tf.mul(gradient, 1 - beta1),
    );
    const moment2 = tf.add(
      tf.mul(named(update.moments2, name, 'second moment'), beta2),
      tf.mul(tf.square(gradient), 1 - beta2),
    );
    const denominator = tf.add(tf.mul(tf.sqrt(moment2), inverseRootCorrection), epsilon);
    const decayed =
      weightDecay === 0
        ? value
        : tf.mul(value, tf.sub(1, tf.mul(update.learningRate, weightDecay)));
    result.parameters[name] = tf.sub(decayed, tf.div(tf.mul(moment1, stepSize), denominator));
    result.moments1[name] = moment1;
    result.moments2[name] = moment2;
  }
  return result;
}

/** Host values of the bias corrections for update number `step`, counted from 1. */
export function biasCorrections(
  step: number,
  beta1: number,
  beta2: number,
): { readonly biasCorrection1: number; readonly biasCorrection2: number } {
  if (!Number.isInteger(step) || step < 1) {
    throw new RangeError(`Updates are counted from 1: ${step} has no bias correction.`);
  }
  return { biasCorrection1: 1 - beta1 ** step, biasCorrection2: 1 - beta2 ** step };
}

function named(tensors: NamedTensors, name: string, kind: string): tf.Tensor {
  const value = tensors[name];
  if (!value) throw new Error(`The gradient "${name}" has no ${kind} of its name to update.`);
  return value;
}
