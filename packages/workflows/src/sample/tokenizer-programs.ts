import { type ImageTokenizer, sequenceLength } from '@ar-distill/core';
import { firstNonFinite, pixelPlace, requireFinite } from '@ar-distill/core/sampling';
import { int32, type HostTensor, type HostTensors, type StepCompiler } from '@ar-distill/program';
import type * as tf from '@tensorflow/tfjs';
import type { LoadedTokenizer } from '../models/preset-models';
import { finiteImages } from './decoder';

type TracedParameters = Readonly<Record<string, tf.Tensor>>;
type TokenizerWithWeights = Pick<LoadedTokenizer, 'tokenizer' | 'weights'>;

/** What is done with images. */
export interface ImageProgram {
  /** Of the program. */
  readonly name: string;
  /** Traced, of images [B, H, W, channels]. */
  fn(parameters: TracedParameters, images: tf.Tensor): tf.Tensor;
}

/** A tokenizer's program for batches of one size. */
export interface CompiledTokenizerProgram {
  /**
   * What the program makes of rows [batchSize, …]; `first` is the number of the first one in errors.
   * @throws NonFiniteError when a row, or what comes out of it, is not finite.
   */
  run(rows: HostTensor, first: number): Promise<HostTensor>;
  dispose(): Promise<void>;
}

/**
 * Compiles what is done with images [batchSize, H, W, channels] in [−1, 1].
 * @throws Error naming a weight that is not finite.
 */
export async function compileOnImages(
  { name, fn }: ImageProgram,
  compiler: StepCompiler,
  { tokenizer, weights }: TokenizerWithWeights,
  batchSize: number,
): Promise<CompiledTokenizerProgram> {
  requireFiniteWeights(weights);
  const step = await compiler.compile({
    name,
    fn: ({ constants, inputs }) => ({ outputs: { result: fn(constants, inputs['images']!) } }),
    constants: weights,
    inputs: { images: { shape: [batchSize, ...tokenizer.imageShape], dtype: 'float32' } },
  });
  return {
    run: async (images, first) => {
      // The nearest code to NaN is a code like any other.
      requireFinite('The image to encode', images, first, pixelPlace);
      return (await step.run({ images })).result!;
    },
    dispose: () => step.dispose(),
  };
}

/** Compiles the encoder: images [batchSize, H, W, channels] in [−1, 1] → tokens [batchSize, n] int32. */
export async function compileEncoder(
  compiler: StepCompiler,
  loaded: TokenizerWithWeights,
  batchSize: number,
): Promise<CompiledTokenizerProgram> {
  const { tokenizer } = loaded;
  const encoder = await compileOnImages(
    { name: 'encoder', fn: (parameters, images) => tokenizer.encode(parameters, images) },
    compiler,
    loaded,
    batchSize,
  );
  const n = sequenceLength(tokenizer.layout);
  return {
    ...encoder,
    run: async (images, first) => {
      const { data } = await encoder.run(images, first);
      return int32([batchSize, n], Int32Array.from(data));
    },
  };
}

/** Compiles the way back: tokens [batchSize, n] int32 → images [batchSize, H, W, channels] in [−1, 1]. */
export async function compileTokenDecoder(
  compiler: StepCompiler,
  { tokenizer, weights }: TokenizerWithWeights,
  batchSize: number,
): Promise<CompiledTokenizerProgram> {
  const shape = [batchSize, sequenceLength(tokenizer.layout)];
  const step = await compiler.compile({
    name: 'token decoder',
    fn: ({ constants, inputs }) => ({
      outputs: { images: decodeTokens(tokenizer, constants, inputs['tokens']!) },
    }),
    constants: weights,
    inputs: { tokens: { shape, dtype: 'int32' } },
  });
  return {
    run: async (tokens, first) => finiteImages((await step.run({ tokens })).images!, first),
    dispose: () => step.dispose(),
  };
}

/** Traced: tokens [B, n] → images [B, H, W, channels], not clipped. */
export function decodeTokens(
  tokenizer: ImageTokenizer,
  parameters: TracedParameters,
  tokens: tf.Tensor,
): tf.Tensor {
  const codebook = tokenizer.codebook(parameters);
  const [V, C] = codebook.shape as [number, number];
  const codes = codebook.as2D(V, C).gather(tokens.flatten().toInt());
  return tokenizer.decode(parameters, codes.reshape([...tokens.shape, C]));
}

/** Tokens are numbers of codes, which a NaN in the encoder gives as well. */
function requireFiniteWeights(weights: Readonly<HostTensors>): void {
  for (const [name, { data }] of Object.entries(weights)) {
    const index = firstNonFinite(data);
    if (index < 0) continue;
    throw new Error(
      `Element ${index} of the tokenizer's weight "${name}" is ${data[index]}: take other weights.`,
    );
  }
}
