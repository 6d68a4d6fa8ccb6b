import { preferredPart } from '@ar-distill/backbone-kit';
import type { CheckpointListing, RecognizedPart } from '@ar-distill/core';
import { isLlamagenTokenizer, recognizeTokenizer } from './tokenizer';
import { isLlamagenTransformer, recognizeTransformer } from './transformer';

/** As sample_c2i.py takes them: the average of the weights only where there is nothing else. */
const ORDER = ['', 'model', 'module', 'state_dict', 'ema'];
/** DD1's authors sample from the average (LlamaGen/README.md of microsoft/distilled_decoding). */
const DD1_ORDER = ['ema', ...ORDER];

/** LlamaGen networks in the files of FoundationVision/LlamaGen and of Distilled Decoding 1. */
export function recognizeLlamagenCheckpoint(listing: CheckpointListing): readonly RecognizedPart[] {
  const transformers = listing.parts.filter(isLlamagenTransformer);
  const isDd1 = transformers.some(({ tensors }) => Object.hasOwn(tensors, 'n_d_embed.weight'));
  const transformer = preferredPart(transformers, isDd1 ? DD1_ORDER : ORDER);
  const tokenizer = preferredPart(listing.parts.filter(isLlamagenTokenizer), ORDER);
  return [
    ...(tokenizer ? [recognizeTokenizer(tokenizer, listing)] : []),
    ...(transformer ? [recognizeTransformer(transformer, listing)] : []),
  ];
}
