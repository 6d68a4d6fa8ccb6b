import * as tf from '@tensorflow/tfjs';

/**
 * Integrates dx = v(x, t) dt from noise at t = 1 to data at t = 0 with `steps` equal Euler steps.
 * The velocity is evaluated at t = 1, 1 − 1/steps, …, 1/steps: never at 0. `noise` and x_t are
 * [..., n, C], the timesteps handed to `velocity` broadcast to [..., n]. Throws `RangeError` below one step.
 */
export function eulerSolve(
  velocity: (xT: tf.Tensor, t: tf.Tensor) => tf.Tensor,
  noise: tf.Tensor,
  steps: number,
): tf.Tensor {
  if (!Number.isInteger(steps) || steps < 1) {
    throw new RangeError(`The Euler solver needs a whole number of steps, 1 or more: ${steps}.`);
  }
  // Size-1 axes: every position is at the same time, so a head embeds it once.
  const timestepShape = noise.shape.slice(1).map(() => 1);
  let xT = noise;
  for (let step = 0; step < steps; step++) {
    const t = tf.fill(timestepShape, 1 - step / steps);
    xT = tf.sub(xT, tf.mul(velocity(xT, t), 1 / steps));
  }
  return xT;
}
