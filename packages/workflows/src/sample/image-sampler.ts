import type { SequenceSampler } from '@ar-distill/core';
import type { HostTensor, HostTensors, Rng, StepCompiler } from '@ar-distill/program';
import { compileDecoderOf, type Decoder } from './decoder';

/** Something that draws images, a fixed number per call. */
export interface ImageSampler {
  readonly batchSize: number;
  /** Network evaluations per image, the tokenizer's decoder not counted. */
  readonly evaluations: number;
  /**
   * For the condition [batchSize, …], images [batchSize, H, W, channels] in [−1, 1]. Rejects with a
   * `NonFiniteError` that says where something became NaN or infinite on the way.
   */
  draw(condition: Readonly<HostTensors>, rng: Rng, firstSample: number): Promise<HostTensor>;
  dispose(): Promise<void>;
}

/**
 * A sampler of sequences with a decoder behind it; the sampler is disposed of with it, and when the
 * decoder cannot be compiled.
 */
export async function imageSampler(
  compiler: StepCompiler,
  sampler: SequenceSampler,
  decoder: Decoder,
): Promise<ImageSampler> {
  const { batchSize, evaluations } = sampler;
  const decode = await compileDecoderOf(sampler, compiler, decoder);
  return {
    batchSize,
    evaluations,
    draw: async (condition, rng, firstSample) => {
      const { sequence } = await sampler.sample(condition, rng, firstSample);
      return decode.images(sequence, firstSample);
    },
    dispose: async () => {
      await sampler.dispose();
      await decode.dispose();
    },
  };
}
