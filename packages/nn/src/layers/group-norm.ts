import * as tf from '@tensorflow/tfjs';
import { parameter, type Parameters } from '../parameters';
import { customGradient } from './custom-gradient';

/**
 * GroupNorm of `x` [B, H, W, C] with `<prefix>.weight` and `<prefix>.bias` [C]: statistics over the
 * pixels and the C/groups channels of a group, biased variance. `groups` must divide C.
 */
export function groupNorm(
  parameters: Parameters,
  prefix: string,
  x: tf.Tensor,
  groups: number,
  epsilon = 1e-6,
): tf.Tensor {
  return normalizeGroups(x, groups, epsilon)
    .mul(parameter(parameters, `${prefix}.weight`))
    .add(parameter(parameters, `${prefix}.bias`));
}

/** GroupNorm without its affine part. */
function normalizeGroups(x: tf.Tensor, groups: number, epsilon: number): tf.Tensor {
  const channels = x.shape[3];
  if (x.rank !== 4 || channels === undefined || channels % groups !== 0) {
    throw new Error(`${groups} groups do not divide the channels of [${x.shape.join(', ')}].`);
  }
  return customGradient(
    [x],
    (save) => {
      const centred = x.sub(groupMean(x, groups));
      const inverseStd = groupMean(centred.square(), groups).add(epsilon).rsqrt();
      const normalized = centred.mul(inverseStd);
      save([normalized, inverseStd]);
      return normalized;
    },
    (dy, saved) => {
      const [normalized, inverseStd] = saved as [tf.Tensor, tf.Tensor];
      const projection = normalized.mul(groupMean(dy.mul(normalized), groups));
      return [dy.sub(groupMean(dy, groups)).sub(projection).mul(inverseStd)];
    },
  );
}

/**
 * Mean over pixels and the channels of a group, at every channel: [B, H, W, C] → [B, 1, 1, C].
 * The large array is only reduced over H and W, so that it never changes its layout.
 */
function groupMean(x: tf.Tensor, groups: number): tf.Tensor {
  const [batch, , , channels] = x.shape as [number, number, number, number];
  const perChannel = x.mean([1, 2]);
  if (groups === channels) return perChannel.reshape([batch, 1, 1, channels]);
  const size = channels / groups;
  const averaging = new Float32Array(channels * channels);
  for (let i = 0; i < channels; i++) {
    for (let j = 0; j < channels; j++) {
      if (Math.floor(i / size) === Math.floor(j / size)) averaging[i * channels + j] = 1 / size;
    }
  }
  return tf
    .matMul(perChannel.as2D(batch, channels), tf.tensor2d(averaging, [channels, channels]))
    .reshape([batch, 1, 1, channels]);
}
