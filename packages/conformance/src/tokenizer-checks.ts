import * as tf from '@tensorflow/tfjs';
import type { ImageTokenizer } from '@ar-distill/core';
import { requireFinite, requireShape, requireThat } from './assertions';
import type { Check } from './check';
import { batchOf, otherBatchSizes, type Subject, withoutTokenizer } from './subject';

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
  const images = tf.clipByValue(subject.normal('images', [count, ...tokenizer.imageShape]), -1, 1);
  return tokenizer.encode(subject.tokenizerParameters, images);
}
