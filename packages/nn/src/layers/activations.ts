import * as tf from '@tensorflow/tfjs';
import { customGradient } from './custom-gradient';

/** Slope of the tanh approximation's argument at 0, doubled for the logistic function. */
const SLOPE = 2 * Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/** x·sigmoid(x). */
export function silu(x: tf.Tensor): tf.Tensor {
  return customGradient(
    [x],
    (save) => {
      const gate = x.sigmoid();
      const value = x.mul(gate);
      save([gate, value]);
      return value;
    },
    (dy, saved) => {
      const [gate, value] = saved as [tf.Tensor, tf.Tensor];
      // d(x·s) = s + x·s·(1 − s)
      return [dy.mul(value.mul(tf.sub(1, gate)).add(gate))];
    },
  );
}

/**
 * GELU, tanh approximation: ½x(1 + tanh(√(2/π)(x + 0.044715x³))) (PyTorch `approximate='tanh'`).
 * Computed as x·σ(2√(2/π)(x + 0.044715x³)), which is the same with fewer passes over the array.
 */
export function geluTanh(x: tf.Tensor): tf.Tensor {
  return customGradient(
    [x],
    (save) => {
      const squared = x.square();
      const gate = squared
        .mul(SLOPE * CUBIC)
        .add(SLOPE)
        .mul(x)
        .sigmoid();
      save([x, squared, gate]);
      return x.mul(gate);
    },
    (dy, saved) => {
      const [input, squared, gate] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      const slope = squared.mul(3 * SLOPE * CUBIC).add(SLOPE);
      // d(x·s) = s + x·s·(1 − s)·slope
      const bend = gate.sub(gate.square()).mul(input).mul(slope);
      return [dy.mul(bend.add(gate))];
    },
  );
}

/** GELU, exact: ½x(1 + erf(x/√2)). */
export function geluErf(x: tf.Tensor): tf.Tensor {
  return customGradient(
    [x],
    (save) => {
      const cdf = x.mul(Math.SQRT1_2).erf().add(1).mul(0.5);
      save([x, cdf]);
      return x.mul(cdf);
    },
    (dy, saved) => {
      const [input, cdf] = saved as [tf.Tensor, tf.Tensor];
      const density = input
        .square()
        .mul(-0.5)
        .exp()
        .mul(1 / Math.sqrt(2 * Math.PI));
      return [dy.mul(input.mul(density).add(cdf))];
    },
  );
}
