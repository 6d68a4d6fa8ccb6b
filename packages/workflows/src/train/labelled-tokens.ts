import type { TokenSequences } from '@ar-distill/core/methods';
import { loadMnist, toLabels } from '@ar-distill/datasets';
import { int32 } from '@ar-distill/program';
import type { LoadedTokenizer } from '../models/models';
import type { BaseRecipeContext } from '../types';
import { encodeImages } from './tokenize';

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
