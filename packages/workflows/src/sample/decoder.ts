import { sequenceLength, type ImageTokenizer, type SequenceSampler } from '@ar-distill/core';
import { snapToCodes } from '@ar-distill/core/math';
import { pixelPlace, requireFinite, sequencePlace } from '@ar-distill/core/sampling';
import { float32, type HostTensor, type HostTensors, type StepCompiler } from '@ar-distill/program';
import type * as tf from '@tensorflow/tfjs';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import type { PresetModels } from '../models/preset-models';

/** What turns sequences into images. */
export interface Decoder {
  readonly tokenizer: ImageTokenizer;
  readonly weights: Readonly<HostTensors>;
  /** Factor of the sequences' space: code vectors are divided by it before decoding. */
  readonly codeScale: number;
  /** Replace every code vector by its nearest code first. */
  readonly snap?: boolean;
}

/** How the preset's sequences become images; undefined when they do not. */
export function decoderOf(
  { tokenizer, teacher }: Pick<PresetModels, 'tokenizer' | 'teacher'>,
  snap = false,
): Decoder | undefined {
  return (
    tokenizer && {
      tokenizer: tokenizer.tokenizer,
      weights: tokenizer.weights,
      codeScale: teacher.codeScale,
      snap,
    }
  );
}

/** The decoder of a preset; throws when its sequences are not images. */
export function imageDecoder(
  { found }: PresetContext,
  models: PresetModels,
  snap = false,
): Decoder {
  const decoder = decoderOf(models, snap);
  if (decoder) return decoder;
  throw new InvalidOptionError(
    `The sequences of the preset "${found.name}" are not images to look at.`,
  );
}

/** A decoder for batches of sequences. */
export interface CompiledDecoder {
  /**
   * Scaled code vectors [batchSize, n, C] → images [batchSize, H, W, channels] in [−1, 1].
   * `firstSample` (default 0) is the number of the first one in errors. Rejects with a
   * `NonFiniteError` when code vectors or images are not finite.
   */
  images(sequence: HostTensor, firstSample?: number): Promise<HostTensor>;
  dispose(): Promise<void>;
}

/** The decoder of a sampler's batches; the sampler is disposed of when it cannot be compiled. */
export async function compileDecoderOf(
  sampler: Pick<SequenceSampler, 'batchSize' | 'dispose'>,
  compiler: StepCompiler,
  decoder: Decoder,
): Promise<CompiledDecoder> {
  try {
    return await compileDecoder(compiler, decoder, sampler.batchSize);
  } catch (error) {
    // What cannot be disposed of says less than why there is no decoder.
    await sampler.dispose().catch(() => undefined);
    throw error;
  }
}

export async function compileDecoder(
  compiler: StepCompiler,
  decoder: Decoder,
  batchSize: number,
): Promise<CompiledDecoder> {
  const { layout } = decoder.tokenizer;
  const shape = [batchSize, sequenceLength(layout), layout.channels];
  const step = await compiler.compile({
    name: 'decoder',
    fn: ({ constants, inputs }) => ({
      outputs: { images: decode(decoder, constants, inputs['sequence']!) },
    }),
    constants: decoder.weights,
    inputs: { sequence: { shape, dtype: 'float32' } },
  });
  return {
    images: async (sequence, firstSample = 0) => {
      const given = float32(shape, sequence.data as Float32Array);
      // A code that is nearest to NaN would look like any other.
      requireFinite('The sequence to decode', given, firstSample, sequencePlace(layout));
      const { images } = await step.run({ sequence: given });
      return finiteImages(images!, firstSample);
    },
    dispose: () => step.dispose(),
  };
}

/**
 * Checks images [B, H, W, channels] that are not clipped yet, because clipping would make a colour of an
 * infinity, and clips them to [−1, 1].
 * @throws NonFiniteError saying which pixel of which image is not finite.
 */
export function finiteImages(images: HostTensor, firstSample: number): HostTensor {
  requireFinite('The decoded image', images, firstSample, pixelPlace);
  const { shape, data } = images;
  return float32(
    shape,
    Float32Array.from(data, (value) => (value > 1 ? 1 : value < -1 ? -1 : value)),
  );
}

/** Scaled code vectors [B, n, C] inside traced code → images [B, H, W, channels] that are not clipped yet. */
export function decode(
  { tokenizer, codeScale, snap }: Decoder,
  parameters: Readonly<Record<string, tf.Tensor>>,
  scaled: tf.Tensor,
): tf.Tensor {
  const vectors = codeScale === 1 ? scaled : scaled.div(codeScale);
  const final = snap ? snapToCodes(vectors, tokenizer.codebook(parameters)) : vectors;
  return tokenizer.decode(parameters, final);
}
