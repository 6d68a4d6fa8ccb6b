/** How an image becomes a sequence: n tokens of C channels, grouped into AR steps. */
export interface SequenceLayout {
  /** Channels C of a code vector. */
  readonly channels: number;
  /**
   * Tokens of every AR step, in order: [1, 4, 9, 16] for the scales of a next-scale model,
   * [1, 1, …] for raster order. There may be a handful of steps or hundreds.
   */
  readonly stepLengths: readonly number[];
}

/** Number of tokens n. */
export function sequenceLength(layout: SequenceLayout): number {
  return layout.stepLengths.reduce((sum, length) => sum + length, 0);
}

/** First position of every AR step. */
export function stepStarts(layout: SequenceLayout): number[] {
  const starts: number[] = [];
  let next = 0;
  for (const length of layout.stepLengths) {
    starts.push(next);
    next += length;
  }
  return starts;
}

/** AR step index of every position. */
export function stepOfPosition(layout: SequenceLayout): number[] {
  return layout.stepLengths.flatMap((length, step) => new Array<number>(length).fill(step));
}
