import type { SequenceLayout } from '@ar-distill/core';
import { sequenceBatch } from '@ar-distill/core/sampling';

/** Pixels that a decoder makes at a time: VAR's needs 2 GiB for them. */
const PIXELS = 2 ** 18;

/** How many of `wanted` images [height, width, channels] are drawn and decoded at a time. */
export function imageBatch(
  layout: SequenceLayout,
  [height, width]: readonly [number, number, number],
  wanted: number,
): number {
  const bound = Math.floor(PIXELS / (height * width));
  return Math.max(1, Math.min(sequenceBatch(layout, wanted), bound));
}
