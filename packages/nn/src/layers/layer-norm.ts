import * as tf from '@tensorflow/tfjs';
import { parameter, type Parameters, type ParameterSpecs } from '../parameters';
import { customGradient } from './custom-gradient';

/** Specs of an affine LayerNorm: `weight` and `bias` [width]. */
export function layerNormSpecs(width: number): ParameterSpecs {
  return {
    weight: { shape: [width], init: { kind: 'constant', value: 1 } },
    bias: { shape: [width], init: { kind: 'zeros' } },
  };
}

/** (x − mean) / √(var + epsilon) over the last axis, biased variance, no affine part. */
export function normalize(x: tf.Tensor, epsilon: number): tf.Tensor {
  return customGradient(
    [x],
    (save) => {
      const centred = x.sub(x.mean(-1, true));
      const inverseStd = centred.square().mean(-1, true).add(epsilon).rsqrt();
      const normalized = centred.mul(inverseStd);
      save([normalized, inverseStd]);
      return normalized;
    },
    (dy, saved) => {
      const [normalized, inverseStd] = saved as [tf.Tensor, tf.Tensor];
      const projection = normalized.mul(dy.mul(normalized).mean(-1, true));
      return [dy.sub(dy.mean(-1, true)).sub(projection).mul(inverseStd)];
    },
  );
}

/** LayerNorm over the last axis with `<prefix>.weight` and `<prefix>.bias`. */
export function layerNorm(
  parameters: Parameters,
  prefix: string,
  x: tf.Tensor,
  epsilon = 1e-6,
): tf.Tensor {
  return normalize(x, epsilon)
    .mul(parameter(parameters, `${prefix}.weight`))
    .add(parameter(parameters, `${prefix}.bias`));
}

/** Unit length along the last axis: x / max(|x|, 1e-12) (PyTorch `F.normalize`). */
export function l2Normalize(x: tf.Tensor): tf.Tensor {
  return customGradient(
    [x],
    (save) => {
      const inverseNorm = tf.div(1, x.square().sum(-1, true).sqrt().maximum(1e-12));
      const unit = x.mul(inverseNorm);
      save([unit, inverseNorm]);
      return unit;
    },
    (dy, saved) => {
      const [unit, inverseNorm] = saved as [tf.Tensor, tf.Tensor];
      return [dy.sub(unit.mul(dy.mul(unit).sum(-1, true))).mul(inverseNorm)];
    },
  );
}
