import { sequenceLength, type SequenceLayout } from '../model/sequence-layout';

/** Sequences that are drawn from a teacher at a time, where they are short. */
export const SAMPLER_BATCH = 256;
/** Tokens that a teacher draws at a time, over all sequences: a guided VAR-d16 needs 3 GiB for them. */
const TOKENS = 2 ** 13;

/** How many of `wanted` sequences are drawn at a time, at least one. */
export function sequenceBatch(layout: SequenceLayout, wanted: number): number {
  return Math.max(1, Math.min(wanted, Math.floor(TOKENS / sequenceLength(layout))));
}
