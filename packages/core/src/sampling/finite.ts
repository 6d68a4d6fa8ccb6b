import type { HostTensor } from '@ar-distill/program';
import { type SequenceLayout, stepOfPosition } from '../model/sequence-layout';

/** Something that was drawn or computed became NaN or infinite. */
export class NonFiniteError extends Error {
  constructor(
    /** What it is, as the start of a sentence: "The one-step generator". */
    readonly what: string,
    /** Number of the sample, from 0 over all calls. */
    readonly sample: number,
    /** Where in the sample. */
    readonly place: string,
    readonly value: number,
  ) {
    super(
      `${what} became ${value} at ${place} of sample ${sample}: look for values that are not finite ` +
        'in its weights and inputs, or take weights from before they diverged.',
    );
    this.name = 'NonFiniteError';
  }
}

/** Words for an element of a sample, by its indices on the axes behind the batch. */
export type Place = (indices: readonly number[]) => string;

/** Places in sequences [B, n, C]; all numbers are from 0. */
export function sequencePlace(layout: SequenceLayout): Place {
  const steps = stepOfPosition(layout);
  return ([position = 0, channel]) =>
    `AR step ${steps[position]} (position ${position}, channel ${channel})`;
}

/** Places in images [B, H, W, channels]; all numbers are from 0. */
export const pixelPlace: Place = ([row, column, channel]) =>
  `pixel (${row}, ${column}), channel ${channel},`;

/**
 * Throws when some of `values` [B, …] are NaN or infinite. `what` starts the sentence, and row b has
 * the number firstSample + b.
 * @throws NonFiniteError saying where the first one is.
 */
export function requireFinite(
  what: string,
  { shape, data }: HostTensor,
  firstSample: number,
  place: Place,
): void {
  const index = firstNonFinite(data);
  if (index < 0) return;
  const [row = 0, ...indices] = indicesOf(index, shape);
  throw new NonFiniteError(what, firstSample + row, place(indices), data[index]!);
}

/** Index of the first value that is NaN or infinite; −1 when there is none. */
export function firstNonFinite(values: ArrayLike<number>): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

/** Indices on every axis of a row-major array's element. */
export function indicesOf(element: number, shape: readonly number[]): number[] {
  const indices: number[] = [];
  let rest = element;
  for (const size of [...shape].reverse()) {
    indices.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return indices;
}
