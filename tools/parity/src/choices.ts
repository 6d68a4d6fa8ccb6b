import type { Rng } from '@ar-distill/program';

/** Choices of one configuration: a function of the seed, the configuration and the knob. */
export interface Choices {
  /** One of the values at random. */
  pick<T>(knob: string, values: readonly T[]): T;
  /**
   * One of the values in turn, `stride` configurations each, so that few configurations show them all
   * and strides that differ show them in all combinations.
   */
  turn<T>(values: readonly T[], stride?: number): T;
}

export function choicesOf(rng: Rng, index: number): Choices {
  return {
    pick: (knob, values) => values[rng.integers(knob, index, 1, values.length)[0]!]!,
    turn: (values, stride = 1) => values[Math.floor(index / stride) % values.length]!,
  };
}
