import { conv2d, conv2dSpecs, prefixed, silu, upsampleNearest2x } from '@ar-distill/nn';
import type * as tf from '@tensorflow/tfjs';
import type { BenchModel } from '../bench-model';
import { normalTensor } from '../noise';

const SIDE = 32;
const LATENT = 8;

/** Width and number of images of a convolutional autoencoder. */
export interface AutoencoderSize {
  readonly name: string;
  readonly width: number;
  readonly batch: number;
}

/** 32×32 RGB → 8×8 latent → 32×32, SiLU, squared error, Adam. NHWC here, NCHW in PyTorch. */
export function autoencoder({ name, width, batch }: AutoencoderSize): BenchModel {
  const wide = 2 * width;
  return {
    name,
    description: `convolutional autoencoder, width ${width}, batch ${batch}, ${SIDE}×${SIDE} images, Adam`,
    parameters: {
      ...prefixed('in', conv2dSpecs(3, width, 3)),
      ...prefixed('down1', conv2dSpecs(width, wide, 3)),
      ...prefixed('down2', conv2dSpecs(wide, wide, 3)),
      ...prefixed('encode', conv2dSpecs(wide, LATENT, 1)),
      ...prefixed('decode', conv2dSpecs(LATENT, wide, 3)),
      ...prefixed('up1', conv2dSpecs(wide, wide, 3)),
      ...prefixed('up2', conv2dSpecs(wide, width, 3)),
      ...prefixed('out', conv2dSpecs(width, 3, 3)),
    },
    batch: { images: normalTensor('images', [batch, SIDE, SIDE, 3]) },
    optimizer: { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, weightDecay: 0 },
    python: { kind: 'autoencoder' },
    loss(parameters, inputs) {
      const images = inputs['images']!;
      const layer = (at: string, x: tf.Tensor, stride: 1 | 2 = 1): tf.Tensor =>
        silu(conv2d(parameters, at, x, stride));
      const features = layer('down2', layer('down1', layer('in', images), 2), 2);
      let x = layer('decode', conv2d(parameters, 'encode', features));
      x = layer('up1', upsampleNearest2x(x));
      x = layer('up2', upsampleNearest2x(x));
      return conv2d(parameters, 'out', x).sub(images).square().mean().asScalar();
    },
  };
}
