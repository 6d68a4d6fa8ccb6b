import * as tf from '@tensorflow/tfjs';
import { customGradient } from './custom-gradient';

const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/** x·sigmoid(x). */
export function silu(x: tf.Tensor): tf.Tensor {
  return customGradient(
    [x],
    (save) => {
      const gate = x.sigmoid();
      save([x, gate]);
      return x.mul(gate);
    },
    (dy, saved) => {
      const [input, gate] = saved as [tf.Tensor, tf.Tensor];
      // d(x·s) = s·(1 + x·(1 − s))
      return [dy.mul(gate.mul(input.mul(tf.sub(1, gate)).add(1)))];
    },
  );
}

/** GELU, tanh approximation: ½x(1 + tanh(√(2/π)(x + 0.044715x³))) (PyTorch `approximate='tanh'`). */
export function geluTanh(x: tf.Tensor): tf.Tensor {
  return customGradient(
    [x],
    (save) => {
      const squared = x.square();
      const tanh = squared.mul(CUBIC).add(1).mul(x).mul(SQRT_2_OVER_PI).tanh();
      save([x, squared, tanh]);
      return x.mul(tanh.add(1).mul(0.5));
    },
    (dy, saved) => {
      const [input, squared, tanh] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      const inner = squared.mul(3 * CUBIC * SQRT_2_OVER_PI).add(SQRT_2_OVER_PI);
      const slope = tf.sub(1, tanh.square()).mul(input).mul(inner).add(tanh).add(1).mul(0.5);
      return [dy.mul(slope)];
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
