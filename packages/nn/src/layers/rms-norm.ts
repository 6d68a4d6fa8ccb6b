import * as tf from '@tensorflow/tfjs';
import { parameter, type Parameters, type ParameterSpecs } from '../parameters';
import { customGradient } from './custom-gradient';

/** Specs of an RMSNorm: `weight` [width]. */
export function rmsNormSpecs(width: number): ParameterSpecs {
  return { weight: { shape: [width], init: { kind: 'constant', value: 1 } } };
}

/** x / √(mean(x²) + epsilon) over the last axis, times `<prefix>.weight` [width]. */
export function rmsNorm(
  parameters: Parameters,
  prefix: string,
  x: tf.Tensor,
  epsilon = 1e-5,
): tf.Tensor {
  return divideByRms(x, epsilon).mul(parameter(parameters, `${prefix}.weight`));
}

function divideByRms(x: tf.Tensor, epsilon: number): tf.Tensor {
  return customGradient(
    [x],
    (save) => {
      const inverseRms = x.square().mean(-1, true).add(epsilon).rsqrt();
      const normalized = x.mul(inverseRms);
      save([normalized, inverseRms]);
      return normalized;
    },
    (dy, saved) => {
      const [normalized, inverseRms] = saved as [tf.Tensor, tf.Tensor];
      const projection = normalized.mul(dy.mul(normalized).mean(-1, true));
      return [dy.sub(projection).mul(inverseRms)];
    },
  );
}
