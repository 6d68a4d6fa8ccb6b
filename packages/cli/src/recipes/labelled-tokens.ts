import type { TokenSequences } from '@ar-distill/core';
import { loadMnist, toLabels } from '@ar-distill/datasets';
import { int32 } from '@ar-distill/nn';
import type { LoadedTokenizer } from './models';
import { encodeImages } from './tokenize';
import type { BaseRecipeContext } from './types';

/** MNIST's training images as tokens, with their classes. */
export async function labelledTokens(
  context: BaseRecipeContext,
  { tokenizer, weights }: LoadedTokenizer,
): Promise<TokenSequences> {
  const set = await loadMnist({ split: 'train' });
  return {
    tokens: await encodeImages(context, tokenizer, weights, set),
    labels: int32([set.count], toLabels(set)),
  };
}
