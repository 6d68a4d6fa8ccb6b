import * as tf from '@tensorflow/tfjs';

/**
 * The rectified-flow path x_t = (1 − t)·data + t·noise (DD2, section 2). This file alone fixes the
 * direction of time: t = 1 is pure noise, t = 0 is data. Arrays of code vectors are [..., n, C]; a
 * timestep array has the same axes without the channels, [..., n], and all arrays broadcast.
 */

/** Smallest timestep of the closed-form score: below it the mixture is one-hot in float32. */
export const MIN_TIMESTEP = 1e-2;

/** The timestep at which a one-step generator runs. */
export const NOISE_TIMESTEP = 1;

/** x_t = (1 − t)·data + t·noise. */
export function interpolate(data: tf.Tensor, noise: tf.Tensor, t: tf.Tensor): tf.Tensor {
  const time = perChannel(t);
  return tf.add(tf.mul(data, tf.sub(1, time)), tf.mul(noise, time));
}

/** dx_t/dt = noise − data: what a velocity network regresses. */
export function velocityTarget(data: tf.Tensor, noise: tf.Tensor): tf.Tensor {
  return tf.sub(noise, data);
}

/** E[x_0 | x_t] = x_t − t·velocity; any t. */
export function velocityToDenoised(velocity: tf.Tensor, xT: tf.Tensor, t: tf.Tensor): tf.Tensor {
  return tf.sub(xT, tf.mul(perChannel(t), velocity));
}

/** velocity = (x_t − denoised)/t, for t > 0. */
export function denoisedToVelocity(denoised: tf.Tensor, xT: tf.Tensor, t: tf.Tensor): tf.Tensor {
  return tf.div(tf.sub(xT, denoised), perChannel(t));
}

/** ∇ log p_t(x_t) = −(x_t − (1 − t)·denoised)/t², for t > 0. */
export function denoisedToScore(denoised: tf.Tensor, xT: tf.Tensor, t: tf.Tensor): tf.Tensor {
  const time = perChannel(t);
  return tf.div(tf.sub(tf.mul(denoised, tf.sub(1, time)), xT), tf.square(time));
}

/** ∇ log p_t(x_t) = −(x_t + (1 − t)·velocity)/t, for t > 0. */
export function velocityToScore(velocity: tf.Tensor, xT: tf.Tensor, t: tf.Tensor): tf.Tensor {
  const time = perChannel(t);
  return tf.neg(tf.div(tf.add(xT, tf.mul(velocity, tf.sub(1, time))), time));
}

/**
 * velocity = (−t·score − x_t)/(1 − t), for t < 1. At t = 1 every velocity has the score −x_1, so
 * the quotient is 0/0: the result there is 0. Prefer {@link denoisedToVelocity}, which needs no
 * such exception.
 */
export function scoreToVelocity(score: tf.Tensor, xT: tf.Tensor, t: tf.Tensor): tf.Tensor {
  const time = perChannel(t);
  const rest = tf.sub(1, time);
  const determined = tf.cast(tf.greater(rest, 0), 'float32');
  const divisor = tf.add(rest, tf.sub(1, determined));
  return tf.div(tf.mul(tf.neg(tf.add(tf.mul(time, score), xT)), determined), divisor);
}

/**
 * denoised = (x_t + t²·score)/(1 − t), for t < 1; at t = 1 the score does not determine it and the
 * result is x_1, which belongs to velocity 0.
 */
export function scoreToDenoised(score: tf.Tensor, xT: tf.Tensor, t: tf.Tensor): tf.Tensor {
  return velocityToDenoised(scoreToVelocity(score, xT, t), xT, t);
}

/** [..., n] → [..., n, 1], to broadcast over channels. */
function perChannel(t: tf.Tensor): tf.Tensor {
  return tf.expandDims(t, -1);
}
