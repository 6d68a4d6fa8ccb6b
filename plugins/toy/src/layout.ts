import type { SequenceLayout } from '@ar-distill/core';
import type { ToyArchitecture } from './architecture';

/** Raster order: every token is an AR step of its own. */
export function toyLayout({ codebook, sequenceLength }: ToyArchitecture): SequenceLayout {
  return {
    channels: codebook[0]!.length,
    stepLengths: new Array<number>(sequenceLength).fill(1),
  };
}
