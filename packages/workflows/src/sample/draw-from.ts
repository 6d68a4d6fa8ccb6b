import type { SequenceSampler } from '@ar-distill/core';
import type { HostTensors, Rng, StepCompiler } from '@ar-distill/program';
import type { Decoder } from './decoder';
import { drawImages, type DrawContext, type DrawnImages } from './draw-images';
import { imageSampler, type ImageSampler } from './image-sampler';

/** Which images are drawn. */
export interface DrawRequest {
  /** Stage of the progress. */
  readonly name: string;
  /** [count, …]. */
  readonly condition: HostTensors;
  readonly count: number;
  /** Image i draws from it under index i alone. */
  readonly rng: Rng;
}

/** Images, and what they cost. */
export interface CostedImages extends DrawnImages {
  /** Network evaluations per image, the tokenizer's decoder not counted. */
  readonly evaluations: number;
  /** Of drawing and decoding, compiling not counted. */
  readonly secondsPerImage: number;
}

/**
 * Draws images with a sampler that was opened for them; it is disposed of afterwards, however the
 * drawing ends.
 * @throws what `drawImages` throws.
 */
export async function drawFrom(
  sequences: SequenceSampler,
  decoder: Decoder,
  request: DrawRequest,
  context: DrawContext & { readonly compiler: StepCompiler },
): Promise<CostedImages> {
  const sampler = await imageSampler(context.compiler, sequences, decoder);
  return drawTimed(sampler, request, context).finally(() => sampler.dispose());
}

/** The same with a sampler of images, which stays open. */
export async function drawTimed(
  sampler: ImageSampler,
  { name, condition, count, rng }: DrawRequest,
  context: DrawContext,
): Promise<CostedImages> {
  const started = performance.now();
  const drawn = await drawImages(name, sampler, condition, count, rng, context);
  const secondsPerImage = (performance.now() - started) / 1000 / count;
  return { ...drawn, evaluations: sampler.evaluations, secondsPerImage };
}
