import * as tf from '@tensorflow/tfjs';
import type { Condition } from '@ar-distill/core';
import { magnitude, requireThat } from './assertions';
import { ROUNDING } from './rounding';

/** Products over other numbers of rows are summed in another order. */
const TOLERANCE = 10 * ROUNDING;

/** Some of the rows of an array, along its first axis or another one. */
export type Rows = <T extends tf.Tensor>(values: T, axis?: number) => T;

/**
 * Requires that the first and the last of `count` rows give alone what they give among the others.
 *
 * @param compute makes of the rows that it is given an array with as many along `axis`.
 * @param sentence what is wrong where they do not.
 */
export function requireApart(
  sentence: string,
  count: number,
  compute: (own: Rows) => tf.Tensor,
  axis = 0,
): void {
  const together = compute((values) => values);
  const limit = together.dtype === 'int32' ? 0 : TOLERANCE * magnitude(together);
  for (const row of [0, count - 1]) {
    const own: Rows = (values, along = 0) => rowOf(values, row, along);
    const difference = tf.sub(rowOf(together, row, axis), compute(own));
    requireThat(magnitude(difference) <= limit, sentence);
  }
}

/** Rows of every value of a condition. */
export function conditionOfRows(condition: Condition, own: Rows): Condition {
  return Object.fromEntries(Object.entries(condition).map(([name, value]) => [name, own(value)]));
}

function rowOf<T extends tf.Tensor>(values: T, row: number, axis: number): T {
  const begin = values.shape.map((_, i) => (i === axis ? row : 0));
  const size = values.shape.map((n, i) => (i === axis ? 1 : n));
  return tf.slice(values, begin, size);
}
