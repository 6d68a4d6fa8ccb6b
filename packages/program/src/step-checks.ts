import type { StateStore } from './step-compiler';
import type { ProgramSignature } from './step-program';
import { elementCount, type HostTensor, type HostTensors, type TensorSpec } from './tensors';

/** `float32 [2, 3]`. */
export function describeSpec({ dtype, shape }: TensorSpec): string {
  return `${dtype} [${shape.join(', ')}]`;
}

/** Shapes and types of the values; throws on an array that does not fill its shape. */
export function specsOf(values: Readonly<HostTensors>): Record<string, TensorSpec> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      checkLength(`The value "${name}"`, value);
      return [name, { shape: [...value.shape], dtype: value.dtype }];
    }),
  );
}

/**
 * Specs of the state that a program reads. Throws when the program needs a store and has none, or
 * names a value that the store does not have.
 */
export function stateSpecs(
  program: Pick<ProgramSignature, 'name' | 'state'>,
  store: StateStore | undefined,
): Record<string, TensorSpec> {
  const names = program.state ?? [];
  if (names.length && !store) {
    throw new Error(
      `The program "${program.name}" reads state: give compile() the store that has it.`,
    );
  }
  return Object.fromEntries(
    names.map((name) => {
      const spec = store?.specs[name];
      if (!spec) {
        throw new Error(
          `The program "${program.name}" reads the state "${name}", which its store does not have.`,
        );
      }
      return [name, spec];
    }),
  );
}

/** Steps per call; throws `RangeError` unless a positive integer. */
export function iterationsOf({ name, iterations = 1 }: ProgramSignature): number {
  if (!Number.isInteger(iterations) || iterations < 1) {
    throw new RangeError(
      `The program "${name}" cannot run ${iterations} iterations a call: give a positive integer.`,
    );
  }
  return iterations;
}

/** What a call of the program takes: its inputs, with the leading axis of several iterations. */
export function callSpecs(program: ProgramSignature): Record<string, TensorSpec> {
  const iterations = iterationsOf(program);
  if (iterations === 1) return { ...program.inputs };
  return Object.fromEntries(
    Object.entries(program.inputs).map(([name, { shape, dtype }]) => [
      name,
      { shape: [iterations, ...shape], dtype },
    ]),
  );
}

/** Throws unless `inputs` are exactly what a call of the program takes. */
export function checkInputs(
  program: string,
  specs: Readonly<Record<string, TensorSpec>>,
  inputs: Readonly<HostTensors>,
): void {
  for (const [name, spec] of Object.entries(specs)) {
    const value = inputs[name];
    if (!value) {
      throw new Error(
        `The program "${program}" needs the input "${name}" (${describeSpec(spec)}), which was not given.`,
      );
    }
    checkValue(`The input "${name}" of the program "${program}"`, spec, value);
  }
  for (const name of Object.keys(inputs)) {
    if (!specs[name]) {
      const known = Object.keys(specs).join(', ') || 'nothing';
      throw new Error(`The program "${program}" has no input "${name}": it takes ${known}.`);
    }
  }
}

/** Throws unless every value may replace the store's value of its name. */
export function checkStateValues(
  specs: Readonly<Record<string, TensorSpec>>,
  values: Readonly<HostTensors>,
): void {
  for (const [name, value] of Object.entries(values)) {
    checkValue(`The state "${name}"`, stateSpec(specs, name), value);
  }
}

/** The spec of a store's value; throws when the store has no value of that name. */
export function stateSpec(specs: Readonly<Record<string, TensorSpec>>, name: string): TensorSpec {
  const spec = specs[name];
  if (!spec) throw new Error(`The store has no value "${name}".`);
  return spec;
}

/** Throws an error that starts with `subject` unless `value` has that type, shape and size. */
function checkValue(subject: string, spec: TensorSpec, value: HostTensor): void {
  if (!sameSpec(spec, value)) {
    throw new Error(`${subject} must be ${describeSpec(spec)}, not ${describeSpec(value)}.`);
  }
  checkLength(subject, value);
}

/** Whether type and shape are the same. */
export function sameSpec(a: TensorSpec, b: TensorSpec): boolean {
  return (
    a.dtype === b.dtype &&
    a.shape.length === b.shape.length &&
    a.shape.every((size, axis) => size === b.shape[axis])
  );
}

function checkLength(subject: string, { data, ...spec }: HostTensor): void {
  const count = elementCount(spec.shape);
  if (data.length !== count) {
    throw new Error(
      `${subject} holds ${data.length} values, but ${describeSpec(spec)} takes ${count}.`,
    );
  }
}
