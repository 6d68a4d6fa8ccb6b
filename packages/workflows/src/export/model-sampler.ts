import type { SequenceLayout } from '@ar-distill/core';
import { drawSampleNoise, pixelPlace, requireFinite } from '@ar-distill/core/sampling';
import { type CompiledStep, float32, type HostTensor } from '@ar-distill/program';
import type { ImageSampler } from '../sample/image-sampler';
import { IMAGES, NOISE } from './image-program';

/**
 * A model that was made of an `imageProgram`, as a sampler of so many images per call: it draws the noise
 * that the library draws. The model is disposed of with it.
 */
export function modelSampler(
  model: CompiledStep,
  layout: SequenceLayout,
  batchSize: number,
): ImageSampler {
  return {
    batchSize,
    evaluations: 1,
    draw: async (condition, rng, firstSample) => {
      const noise = drawSampleNoise(layout, rng, firstSample, batchSize);
      const { [IMAGES]: images } = await model.run({ [NOISE]: noise, ...condition });
      requireFinite('The exported model', images!, firstSample, pixelPlace);
      return symmetricPixels(images!);
    },
    dispose: () => model.dispose(),
  };
}

/** Pixels in [0, 1] as they are in [−1, 1]. */
export function symmetricPixels({ shape, data }: HostTensor): HostTensor {
  return float32(
    shape,
    Float32Array.from(data, (value) => 2 * value - 1),
  );
}

/** The largest difference of pixels, on the scale [0, 1], of images in [−1, 1]: all of `b`, the first of `a`. */
export function pixelDifference({ data: a }: HostTensor, { data: b }: HostTensor): number {
  let largest = 0;
  for (let i = 0; i < b.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!) / 2);
  return largest;
}
