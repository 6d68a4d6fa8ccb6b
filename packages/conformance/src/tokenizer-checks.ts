import * as tf from '@tensorflow/tfjs';
import { requireThat, requireFinite, requireShape, type Check } from './assertions';
import type { Subject } from './subject';

/** Rules of `ImageTokenizer`; plugins without images pass. */
export const tokenizerChecks: readonly Check<Subject>[] = [
  {
    name: 'tokenizer: the codebook fits the vocabulary and the layout',
    run: ({ tokenizer, tokenizerParameters, layout }) => {
      if (!tokenizer) return;
      const codebook = tokenizer.codebook(tokenizerParameters);
      requireShape('codebook', codebook, [tokenizer.vocabSize, layout.channels]);
      requireFinite('codebook', codebook);
    },
  },
  {
    name: 'tokenizer: images become tokens of the vocabulary',
    run: ({ tokenizer, tokenizerParameters, batchSize, length, normal }) => {
      if (!tokenizer) return;
      const images = tf.clipByValue(normal('images', [batchSize, ...tokenizer.imageShape]), -1, 1);
      const tokens = tokenizer.encode(tokenizerParameters, images);
      requireShape('encode', tokens, [batchSize, length]);
      requireThat(tokens.dtype === 'int32', `Tokens are ${tokens.dtype} instead of int32.`);
      requireThat(
        tokens.dataSync().every((token) => token >= 0 && token < tokenizer.vocabSize),
        `A token is outside 0 … ${tokenizer.vocabSize - 1}.`,
      );
    },
  },
  {
    name: 'tokenizer: code vectors become images',
    run: ({ tokenizer, tokenizerParameters, batchSize, sequence }) => {
      if (!tokenizer) return;
      const images = tokenizer.decode(tokenizerParameters, sequence);
      requireShape('decode', images, [batchSize, ...tokenizer.imageShape]);
      requireFinite('decode', images);
    },
  },
];
