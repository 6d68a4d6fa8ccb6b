import type * as tf from '@tensorflow/tfjs';
import { elementCount, float32, type HostTensors } from '@ar-distill/program';

/** How a parameter is filled before training. */
export type Initializer =
  | { readonly kind: 'zeros' }
  | { readonly kind: 'constant'; readonly value: number }
  /** Gaussian with the given standard deviation; `truncated` redraws beyond two deviations. */
  | { readonly kind: 'normal'; readonly std: number; readonly truncated?: boolean }
  /** Uniform on [−bound, bound]. */
  | { readonly kind: 'uniform'; readonly bound: number };

/** Shape and initialiser of one parameter (always float32). */
export interface ParameterSpec {
  readonly shape: readonly number[];
  readonly init: Initializer;
}

/** All parameters of a module, keyed by dotted names such as `blocks.0.attn.proj.weight`. */
export type ParameterSpecs = Readonly<Record<string, ParameterSpec>>;

/** Parameters as tensors, as modules read them inside a step function. */
export type Parameters = Readonly<Record<string, tf.Tensor>>;

/** Draws for initialisers: every parameter has a stream of its own, so order does not matter. */
export interface InitializerNoise {
  /** `count` standard normals of the stream. */
  normal(stream: string, index: number, count: number): Float32Array;
  /** `count` uniforms in [0, 1) of the stream. */
  uniform(stream: string, index: number, count: number): Float32Array;
}

/** Puts `prefix.` before every key. */
export function prefixed<T>(
  prefix: string,
  entries: Readonly<Record<string, T>>,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(entries).map(([name, value]) => [`${prefix}.${name}`, value]),
  );
}

/** The specs of several modules as one, each under its own prefix. */
export function joinSpecs(modules: Readonly<Record<string, ParameterSpecs>>): ParameterSpecs {
  return Object.assign({}, ...Object.entries(modules).map(([name, own]) => prefixed(name, own)));
}

/** The parameter of that name; throws an `Error` naming it when it is missing. */
export function parameter(parameters: Parameters, name: string): tf.Tensor {
  const value = parameters[name];
  if (!value) throw new Error(`The parameter "${name}" is missing.`);
  return value;
}

/** Xavier (Glorot) uniform for a weight with the given fans. */
export function xavierUniform(fanIn: number, fanOut: number): Initializer {
  return { kind: 'uniform', bound: Math.sqrt(6 / (fanIn + fanOut)) };
}

/** Fills every parameter from its initialiser. The same noise gives the same values. */
export function initializeParameters(specs: ParameterSpecs, noise: InitializerNoise): HostTensors {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { shape, init }]) => [
      name,
      float32(shape, initialValues(init, name, elementCount(shape), noise)),
    ]),
  );
}

function initialValues(
  init: Initializer,
  name: string,
  count: number,
  noise: InitializerNoise,
): Float32Array {
  switch (init.kind) {
    case 'zeros':
      return new Float32Array(count);
    case 'constant':
      return new Float32Array(count).fill(init.value);
    case 'uniform':
      return noise.uniform(name, 0, count).map((u) => (2 * u - 1) * init.bound);
    case 'normal': {
      const values = noise.normal(name, 0, count);
      if (init.truncated) {
        let spare = noise.normal(name, 1, count);
        let used = 0;
        let draw = 1;
        for (let i = 0; i < count; i++) {
          while (Math.abs(values[i]!) > 2) {
            if (used === count) {
              spare = noise.normal(name, ++draw, count);
              used = 0;
            }
            values[i] = spare[used++]!;
          }
        }
      }
      return values.map((value) => value * init.std);
    }
  }
}
