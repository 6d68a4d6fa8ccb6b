import { existsSync } from 'node:fs';
import path from 'node:path';
import type { ParameterSpecs } from '@ar-distill/nn';
import type { HostTensor, HostTensors } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';

/** Throws the sentence when the condition does not hold. */
export function requireThat(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new Error(sentence);
}

/** Requires that a file is named by its absolute path and exists; `what` names it in the sentence. */
export function requireFile(what: string, file: string): void {
  requireThat(path.isAbsolute(file), `The path of its ${what} is not absolute: "${file}".`);
  requireThat(existsSync(file), `Its ${what} is missing: there is no file "${file}".`);
}

/** What a schema found wrong. */
interface Refusal {
  readonly issues: readonly {
    readonly path: readonly PropertyKey[];
    readonly message: string;
  }[];
}

/** What a schema made of a value; `what` names its refusal in the sentence. */
export function requireParsed<T>(
  what: string,
  parsed:
    | { readonly success: true; readonly data: T }
    | { readonly success: false; readonly error: Refusal },
): T {
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.map(String).join('.');
  throw new Error(`${what}: ${place ? `"${place}": ` : ''}${issue?.message}`);
}

/** Requires the shape; `what` names the array in the sentence. */
export function requireShape(what: string, actual: tf.Tensor, expected: readonly number[]): void {
  requireTensor(what, actual);
  requireThat(
    actual.shape.length === expected.length && actual.shape.every((n, i) => n === expected[i]),
    `${what} has the shape [${actual.shape.join(', ')}] instead of [${expected.join(', ')}].`,
  );
}

/** Requires that no value is NaN or infinite. */
export function requireFinite(what: string, actual: tf.Tensor): void {
  requireTensor(what, actual);
  requireThat(allFinite(actual), `${what} has values that are NaN or infinite.`);
}

/** A plugin in JavaScript may give anything, a promise for example. */
function requireTensor(what: string, actual: tf.Tensor): void {
  requireThat(actual instanceof tf.Tensor, `${what} is no tensor: return one, and not a promise.`);
}

/** Whether no value is NaN or infinite. */
export function allFinite(values: tf.Tensor): boolean {
  return values.dataSync().every(Number.isFinite);
}

/** max|a − b| at every position: over batch and channels of [B, n, D], as n numbers. */
export function changePerPosition(a: tf.Tensor, b: tf.Tensor): number[] {
  return Array.from(tf.max(tf.abs(tf.sub(a, b)), [0, 2]).dataSync());
}

/** max|values|. */
export function magnitude(values: tf.Tensor): number {
  return tf.max(tf.abs(values)).dataSync()[0]!;
}

/** A few names, for sentences about many. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => `"${name}"`);
  const rest = names.length - shown.length;
  return shown.join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

/** Requires the parameters of `specs`, no others, with their shapes and finite values. */
export function requireParameters(specs: ParameterSpecs, values: Readonly<HostTensors>): void {
  const missing = Object.keys(specs).filter((name) => !values[name]);
  requireThat(missing.length === 0, `It leaves out ${listNames(missing)}.`);
  const foreign = Object.keys(values).filter((name) => !specs[name]);
  requireThat(foreign.length === 0, `It returns ${listNames(foreign)}, not in parameterSpecs.`);
  for (const [name, value] of Object.entries(values)) {
    requireHostShape(`"${name}"`, value, specs[name]!.shape);
    requireThat(
      value.data.every(Number.isFinite),
      `"${name}" has values that are NaN or infinite.`,
    );
  }
}

/** Requires the shape of a host array; `what` names it in the sentence. */
export function requireHostShape(
  what: string,
  actual: HostTensor,
  expected: readonly number[],
): void {
  requireThat(
    actual.shape.join() === expected.join(),
    `${what} has the shape [${actual.shape.join(', ')}] instead of [${expected.join(', ')}].`,
  );
}

/** Whether two arrays hold the same numbers. */
export function equalValues(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return a.length === b.length && Array.from(a).every((value, i) => value === b[i]);
}

/** Whether two sets of weights have the same names and hold the same numbers. */
export function equalWeights(a: Readonly<HostTensors>, b: Readonly<HostTensors>): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => b[name] !== undefined && equalValues(a[name]!.data, b[name].data))
  );
}

/** Whether two networks have the same parameters, with the same shapes. */
export function sameShapes(a: ParameterSpecs, b: ParameterSpecs): boolean {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return names.every((name) => a[name]?.shape.join() === b[name]?.shape.join());
}
