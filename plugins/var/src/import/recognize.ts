import { preferredPart } from '@ar-distill/backbone-kit';
import type { CheckpointListing, RecognizedPart } from '@ar-distill/core';
import { isVarTokenizer, recognizeTokenizer } from './tokenizer';
import { isVarTransformer, recognizeTransformer } from './transformer';

/** DD1's authors sample from the average of the weights (VAR/sample.py of microsoft/distilled_decoding). */
const TRANSFORMER_ORDER = ['', 'trainer.ema_parameters', 'trainer.var_wo_ddp'];
const TOKENIZER_ORDER = ['', 'trainer.vae_local'];

/** VAR networks in the files of FoundationVision/VAR and of Distilled Decoding 1. */
export function recognizeVarCheckpoint(listing: CheckpointListing): readonly RecognizedPart[] {
  const transformer = preferredPart(listing.parts.filter(isVarTransformer), TRANSFORMER_ORDER);
  const tokenizer = preferredPart(listing.parts.filter(isVarTokenizer), TOKENIZER_ORDER);
  return [
    ...(tokenizer ? [recognizeTokenizer(tokenizer, listing)] : []),
    ...(transformer ? [recognizeTransformer(transformer, listing)] : []),
  ];
}
