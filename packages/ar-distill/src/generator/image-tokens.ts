import { sequenceLength } from '@ar-distill/core';
import { int32, type HostTensor } from '@ar-distill/program';
import { type ImageModel, InvalidOptionError } from '@ar-distill/workflows';
import { type ImagePixels, pixelTensor } from './generated-image';

/** Tokens of an image. */
export interface TokenLayout {
  /** Tokens of every AR step, in order: [1, 4, 9, 16] for the scales of a next-scale model. */
  readonly stepLengths: readonly number[];
  /** Number of codes: a token is a whole number from 0 to this number less 1. */
  readonly vocabSize: number;
}

/**
 * Images as the model's tokenizer reads them, [N, height, width, channels] in [−1, 1].
 * @throws InvalidOptionError when there are none, or one is not of the model's size.
 */
export function imagesToEncode(model: ImageModel, images: readonly ImagePixels[]): HostTensor {
  if (images.length === 0) {
    throw new InvalidOptionError('There are no images to encode: give at least one.');
  }
  const wanted = model.imageShape;
  for (const [i, { height, width, channels, pixels }] of images.entries()) {
    const shape = [height, width, channels];
    if (!shape.every(Number.isInteger) || pixels?.length === undefined) {
      throw new InvalidOptionError(
        `Image ${i} is not { height, width, channels, pixels }: give whole numbers, and pixels from 0 to 255.`,
      );
    }
    if (String(shape) === String(wanted) && pixels.length === height * width * channels) continue;
    throw new InvalidOptionError(
      `Image ${i} has ${pixels.length} values for ${shape.join(' × ')}, where the model needs ${wanted.join(' × ')} (height, width, channels): give it that size.`,
    );
  }
  return pixelTensor(images);
}

/**
 * Tokens of several images as [N, n] int32.
 * @throws InvalidOptionError when there are none, or some are not those of an image of this model.
 */
export function tokensToDecode(
  model: ImageModel,
  sequences: readonly ArrayLike<number>[],
): HostTensor {
  if (sequences.length === 0) {
    throw new InvalidOptionError(
      'There are no tokens to decode: give those of at least one image.',
    );
  }
  const { layout, vocabSize } = model;
  const n = sequenceLength(layout);
  const all = new Int32Array(sequences.length * n);
  for (const [i, sequence] of sequences.entries()) {
    if (sequence.length !== n) {
      throw new InvalidOptionError(
        `Image ${i} has ${sequence.length} tokens where the model makes images of ${n}: give as many.`,
      );
    }
    const tokens = Array.from(sequence);
    const wrong = tokens.find(
      (token) => !(Number.isInteger(token) && token >= 0 && token < vocabSize),
    );
    if (wrong !== undefined) {
      throw new InvalidOptionError(
        `Image ${i} has the token ${wrong}: give whole numbers from 0 to ${vocabSize - 1}.`,
      );
    }
    all.set(tokens, i * n);
  }
  return int32([sequences.length, n], all);
}
