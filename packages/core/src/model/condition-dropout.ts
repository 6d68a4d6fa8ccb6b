import * as tf from '@tensorflow/tfjs';
import type { Condition, ConditionSpace, ConditionValue } from './condition';

/** A condition of `batch` samples that is not given. Throws when a value cannot be left out. */
export function nothingGiven({ values }: ConditionSpace, batch: number): Condition {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, nothingOf(name, value, batch)]),
  );
}

/**
 * Samples of `condition` followed by as many for which it is not given: [2B, …]. It may hold some of the space's
 * values alone.
 */
export function withNothingGiven({ values }: ConditionSpace, condition: Condition): Condition {
  return Object.fromEntries(
    Object.entries(condition).map(([name, value]) => {
      const none = nothingOf(name, values[name]!, value.shape[0]!);
      return [name, tf.concat([value.cast(none.dtype), none], 0)];
    }),
  );
}

function nothingOf(
  name: string,
  { shape, dtype, nothing }: ConditionValue,
  batch: number,
): tf.Tensor {
  if (nothing === undefined) {
    throw new Error(`The condition "${name}" cannot be left out: turn guidance off.`);
  }
  return tf.fill([batch, ...shape], nothing, dtype);
}

/** Whether any value of a condition can be left out. */
export function canBeDropped({ values }: ConditionSpace): boolean {
  return Object.values(values).some(({ nothing }) => nothing !== undefined);
}

/**
 * The condition as it is where `dropped` [B] (bool) is false; where it is true all values that can be
 * left out are not given.
 */
export function dropCondition(
  { values }: ConditionSpace,
  condition: Condition,
  dropped: tf.Tensor,
): Condition {
  return Object.fromEntries(
    Object.entries(condition).map(([name, value]) => {
      const { nothing, dtype, shape } = values[name]!;
      if (nothing === undefined) return [name, value];
      const rows = shape.length === 0 ? dropped : dropped.reshape([-1, ...shape.map(() => 1)]);
      return [name, tf.where(rows, tf.fill(value.shape, nothing, dtype), value.cast(dtype))];
    }),
  );
}
