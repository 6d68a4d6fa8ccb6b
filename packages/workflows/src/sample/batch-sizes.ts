import { sequenceLength, type SequenceLayout } from '@ar-distill/core';

/** Tokens that a teacher draws at a time, over all sequences: a guided VAR-d16 needs 3 GiB for them. */
const TOKENS = 2 ** 13;
/** Pixels that a decoder makes at a time: VAR's needs 2 GiB for them. */
const PIXELS = 2 ** 18;

/** How many of `wanted` sequences are drawn at a time, at least one. */
export function sequenceBatch(layout: SequenceLayout, wanted: number): number {
  return atLeastOne(wanted, TOKENS / sequenceLength(layout));
}

/** How many of `wanted` images [height, width, channels] are drawn and decoded at a time. */
export function imageBatch(
  layout: SequenceLayout,
  [height, width]: readonly [number, number, number],
  wanted: number,
): number {
  return atLeastOne(sequenceBatch(layout, wanted), PIXELS / (height * width));
}

function atLeastOne(wanted: number, bound: number): number {
  return Math.max(1, Math.min(wanted, Math.floor(bound)));
}
