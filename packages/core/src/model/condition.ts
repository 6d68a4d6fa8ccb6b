import {
  type Dtype,
  elementCount,
  type HostTensor,
  type HostTensors,
  type Rng,
  type TensorSpec,
} from '@ar-distill/program';
import type * as tf from '@tensorflow/tfjs';
import { describeRange, GUIDANCE, type GuidanceInput, isInRange } from './guidance-range';

/** One named value of a condition. */
export interface ConditionValue {
  /** Shape of one sample's value: [] for a class label, [T, D] for text features. */
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  /**
   * What stands for "not given" in classifier-free guidance and in condition dropout: every element
   * of the value has this number. Left out where a backbone cannot be asked without it.
   */
  readonly nothing?: number;
}

/**
 * What sequences are generated for, as a backbone declares it: a record of named values, one row per
 * sample. A class label, text features, several of them, or nothing at all (an empty record).
 */
export interface ConditionSpace {
  readonly values: Readonly<Record<string, ConditionValue>>;
  /**
   * Number of classes, when the condition is one class label (`classCondition`), which a guidance scale may stand
   * beside, and nothing else.
   */
  readonly numClasses?: number;
  /** Set where one of the values is the guidance scale; see `withGuidance`. */
  readonly guidance?: GuidanceInput;
  /**
   * Conditions [count, …] of the samples from number `first` on, in an order in which all that there
   * are have their share: teacher pools and reports use it.
   */
  inTurn(first: number, count: number): HostTensors;
  /** Conditions [count, …] at random; sample s draws from (stream, s) alone. */
  draw(rng: Rng, stream: string, first: number, count: number): HostTensors;
}

/** A condition as traced code sees it: one tensor [B, …] per value. */
export type Condition = Readonly<Record<string, tf.Tensor>>;

/** Name of the only value of a class condition. */
const LABELS = 'labels';

/**
 * One class label per sample, 0 … numClasses − 1; the label `numClasses` stands for no class.
 * Drawn uniformly.
 */
export function classCondition(
  numClasses: number,
): ConditionSpace & { readonly numClasses: number } {
  return {
    values: { [LABELS]: { shape: [], dtype: 'int32', nothing: numClasses } },
    numClasses,
    inTurn: (first, count) =>
      ofClasses(Int32Array.from({ length: count }, (_, i) => (first + i) % numClasses)),
    draw: (rng, stream, first, count) =>
      ofClasses(
        Int32Array.from(
          { length: count },
          (_, i) => rng.integers(`${stream}/${LABELS}`, first + i, 1, numClasses)[0]!,
        ),
      ),
  };
}

/** No condition at all. */
export const UNCONDITIONAL: ConditionSpace = { values: {}, inTurn: () => ({}), draw: () => ({}) };

/** The host condition of given class labels [B], for spaces that `classCondition` made. */
export function ofClasses(labels: Int32Array): HostTensors {
  return { [LABELS]: { shape: [labels.length], dtype: 'int32', data: labels } };
}

/**
 * The class labels [B] of a condition that `ofClasses` made, with a guidance scale beside them or not; undefined
 * for any other.
 */
export function classesOf(condition: Readonly<HostTensors>): Int32Array | undefined {
  const labels = condition[LABELS];
  const others = Object.keys(condition).filter((name) => name !== LABELS && name !== GUIDANCE);
  return labels?.dtype === 'int32' && others.length === 0 ? labels.data : undefined;
}

/** The labels [B] of a class condition inside traced code; throws when there are none. */
export function labelsOf(condition: Condition): tf.Tensor {
  const labels = condition[LABELS];
  if (!labels) {
    throw new Error('This network is conditioned on a class: give it a class condition.');
  }
  return labels.toInt();
}

const PREFIX = 'condition/';

/** Inputs of a program for a condition with the given leading axes, usually [B]. */
export function conditionSpecs(
  { values }: ConditionSpace,
  leading: readonly number[],
): Record<string, TensorSpec> {
  return Object.fromEntries(
    Object.entries(values).map(([name, { shape, dtype }]) => [
      PREFIX + name,
      { shape: [...leading, ...shape], dtype },
    ]),
  );
}

/** A host condition under the names that `conditionSpecs` gives its inputs. */
export function conditionInputs(condition: Readonly<HostTensors>): HostTensors {
  return Object.fromEntries(
    Object.entries(condition).map(([name, value]) => [PREFIX + name, value]),
  );
}

/** The condition among the inputs of a program. */
export function conditionOf(inputs: Readonly<Record<string, tf.Tensor>>): Condition {
  return Object.fromEntries(
    Object.entries(inputs)
      .filter(([name]) => name.startsWith(PREFIX))
      .map(([name, value]) => [name.slice(PREFIX.length), value]),
  );
}

/** Rows of a host condition by their numbers. */
export function conditionRows(
  condition: Readonly<HostTensors>,
  rows: ArrayLike<number>,
): HostTensors {
  return Object.fromEntries(
    Object.entries(condition).map(([name, value]) => {
      const shape = [rows.length, ...value.shape.slice(1)];
      const size = elementCount(value.shape.slice(1));
      const take = <T extends Float32Array | Int32Array>(from: T, to: T): T => {
        for (let i = 0; i < rows.length; i++) {
          to.set(from.subarray(rows[i]! * size, (rows[i]! + 1) * size), i * size);
        }
        return to;
      };
      const length = rows.length * size;
      return [
        name,
        value.dtype === 'float32'
          ? { shape, dtype: 'float32', data: take(value.data, new Float32Array(length)) }
          : { shape, dtype: 'int32', data: take(value.data, new Int32Array(length)) },
      ];
    }),
  );
}

/**
 * Checks a host condition of `count` samples.
 * @throws RangeError naming the value that is missing, unknown, of another shape or outside of what there is: a
 *   class label of 0 … numClasses − 1, a guidance scale of its range.
 */
export function checkCondition(
  { values, numClasses, guidance }: ConditionSpace,
  condition: Readonly<HostTensors>,
  count: number,
): void {
  for (const name of Object.keys(condition)) {
    if (!Object.hasOwn(values, name)) {
      throw new RangeError(`This backbone knows no condition "${name}": leave it out.`);
    }
  }
  for (const [name, { shape, dtype }] of Object.entries(values)) {
    const given = condition[name];
    if (!given) throw new RangeError(`The condition "${name}" is missing: give one per sample.`);
    const needed = [count, ...shape];
    if (given.dtype !== dtype || given.shape.join() !== needed.join()) {
      throw new RangeError(
        `The condition "${name}" is ${given.dtype} [${given.shape.join(', ')}] where ${dtype} ` +
          `[${needed.join(', ')}] is needed: give one row for each of ${count} samples.`,
      );
    }
  }
  if (guidance) checkScales(guidance, condition[GUIDANCE]!);
  if (numClasses === undefined) return;
  const outside = classesOf(condition)?.find((label) => !(label >= 0 && label < numClasses));
  if (outside !== undefined) {
    throw new RangeError(`There is no class ${outside}: give classes from 0 to ${numClasses - 1}.`);
  }
}

function checkScales({ range }: GuidanceInput, { data }: HostTensor): void {
  const outside = Array.from(data).find((scale) => !isInRange(scale, range));
  if (outside === undefined) return;
  throw new RangeError(
    `There is no guidance scale ${outside} here: give scales from ${describeRange(range)}.`,
  );
}
