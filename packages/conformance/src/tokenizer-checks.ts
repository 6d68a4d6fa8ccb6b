import * as tf from '@tensorflow/tfjs';
import type { ImageTokenizer } from '@ar-distill/core';
import { elementCount, float32 } from '@ar-distill/program';
import { requireApart } from './apart';
import { requireFinite, requireShape, requireThat } from './assertions';
import type { Check } from './check';
import { requireSameCompiled } from './compiled';
import { randomImages } from './random-images';
import {
  batchOf,
  otherBatchSizes,
  sequenceShape,
  type Subject,
  withoutCompiler,
  withoutTokenizer,
} from './subject';

/** Rules of `ImageTokenizer`. */
export const tokenizerChecks: readonly Check<Subject>[] = [
  {
    id: 'tokenizer-codebook',
    name: 'tokenizer: the codebook fits the vocabulary and the layout',
    run: withTokenizer(({ tokenizerParameters, layout }, tokenizer) => {
      const codebook = tokenizer.codebook(tokenizerParameters);
      requireShape('codebook', codebook, [tokenizer.vocabSize, layout.channels]);
      requireFinite('codebook', codebook);
    }),
    exempts: withoutTokenizer,
  },
  {
    id: 'tokenizer-tokens',
    name: 'tokenizer: images become tokens of the vocabulary',
    needs: ['tokenizer-codebook'],
    run: withTokenizer((subject, tokenizer) => {
      const tokens = encode(subject, tokenizer, subject.batchSize);
      requireThat(tokens.dtype === 'int32', `Tokens are ${tokens.dtype} instead of int32.`);
      requireThat(
        tokens.dataSync().every((token) => token >= 0 && token < tokenizer.vocabSize),
        `A token is outside 0 … ${tokenizer.vocabSize - 1}.`,
      );
    }),
    exempts: withoutTokenizer,
  },
  {
    id: 'tokenizer-finite',
    name: 'tokenizer: decoded images are finite',
    needs: ['tokenizer-codebook'],
    run: withTokenizer(({ tokenizerParameters, sequence }, tokenizer) =>
      requireFinite('decode', tokenizer.decode(tokenizerParameters, sequence)),
    ),
    exempts: withoutTokenizer,
  },
  {
    id: 'tokenizer-shapes',
    name: 'tokenizer: tokens and images have their shapes at two batch sizes',
    needs: ['tokenizer-tokens', 'tokenizer-finite'],
    run: withTokenizer((subject, tokenizer) => {
      for (const count of otherBatchSizes(subject)) {
        requireShape(`encode of ${count}`, encode(subject, tokenizer, count), [
          count,
          subject.length,
        ]);
        const { sequence } = batchOf(subject, count);
        requireShape(
          `decode of ${count}`,
          tokenizer.decode(subject.tokenizerParameters, sequence),
          [count, ...tokenizer.imageShape],
        );
      }
    }),
    exempts: withoutTokenizer,
  },
  {
    id: 'tokenizer-batch',
    name: 'tokenizer: an image has the same tokens, and tokens the same image, in any batch',
    needs: ['tokenizer-shapes'],
    run: withTokenizer((subject, tokenizer) => {
      const { tokenizerParameters: parameters } = subject;
      const [, count] = otherBatchSizes(subject);
      const images = imagesOf(subject, tokenizer, count);
      requireApart('An image has other tokens alone than among others.', count, (own) =>
        tokenizer.encode(parameters, own(images)),
      );
      const { sequence } = batchOf(subject, count);
      requireApart('Code vectors make another image alone than among others.', count, (own) =>
        tokenizer.decode(parameters, own(sequence)),
      );
    }),
    exempts: withoutTokenizer,
  },
  {
    id: 'tokenizer-compiled',
    name: 'tokenizer: compiled it gives the same tokens and images',
    needs: ['tokenizer-batch'],
    run: async (subject) => {
      const { tokenizer, batchSize, rng, hostTokenizerParameters: weights } = subject;
      if (!tokenizer) return;
      const shape = sequenceShape(subject);
      const codes = float32(shape, rng.normal('conformance/sequence', 0, elementCount(shape)));
      await requireSameCompiled(subject.compiler!, {
        what: 'tokenizer',
        weights,
        inputs: { images: randomImages(rng, [batchSize, ...tokenizer.imageShape]), codes },
        compute: (parameters, { images, codes: given }) => ({
          tokens: tokenizer.encode(parameters, images!),
          image: tokenizer.decode(parameters, given!),
        }),
      });
    },
    exempts: (subject) => withoutTokenizer(subject) ?? withoutCompiler(subject),
  },
];

/** A rule that runs on the tokenizer; backbones without one are exempt. */
function withTokenizer(
  rule: (subject: Subject, tokenizer: ImageTokenizer) => void,
): (subject: Subject) => void {
  return (subject) => {
    if (subject.tokenizer) rule(subject, subject.tokenizer);
  };
}

function encode(subject: Subject, tokenizer: ImageTokenizer, count: number): tf.Tensor {
  const images = imagesOf(subject, tokenizer, count);
  return tokenizer.encode(subject.tokenizerParameters, images);
}

function imagesOf({ normal }: Subject, { imageShape }: ImageTokenizer, count: number): tf.Tensor {
  return tf.clipByValue(normal('images', [count, ...imageShape]), -1, 1);
}
