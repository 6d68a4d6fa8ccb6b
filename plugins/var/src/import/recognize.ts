import { preferredPart } from '@ar-distill/backbone-kit';
import type { CheckpointListing, CheckpointPart, RecognizedPart } from '@ar-distill/core';
import { hasCodec, isVarTokenizer, recognizeTokenizer } from './tokenizer';
import { isVarTransformer, recognizeTransformer } from './transformer';

/** DD1's authors sample from the average of the weights (VAR/sample.py of microsoft/distilled_decoding). */
const TRANSFORMER_ORDER = ['', 'trainer.ema_parameters', 'trainer.var_wo_ddp'];
const TOKENIZER_ORDER = ['', 'trainer.vae_local'];

/** True for a teacher with the quantiser that its inputs are made with, and nothing else of a tokenizer. */
function isTeacherAlone(part: CheckpointPart): boolean {
  return isVarTransformer(part) && !hasCodec(part);
}

/** VAR networks in the files of FoundationVision/VAR and of Distilled Decoding 1. */
export function recognizeVarCheckpoint(listing: CheckpointListing): readonly RecognizedPart[] {
  const transformer = preferredPart(listing.parts.filter(isVarTransformer), TRANSFORMER_ORDER);
  const tokenizer = preferredPart(
    listing.parts.filter((part) => isVarTokenizer(part) && !isTeacherAlone(part)),
    TOKENIZER_ORDER,
  );
  return [
    ...(tokenizer ? [recognizeTokenizer(tokenizer, listing)] : []),
    ...(transformer ? [recognizeTransformer(transformer, listing)] : []),
  ];
}
