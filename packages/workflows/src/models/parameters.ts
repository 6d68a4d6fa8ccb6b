import type { ParameterSpecs } from '@ar-distill/nn';
import type { HostTensor, HostTensors, TensorSource } from '@ar-distill/program';

/**
 * The parameters that a network needs, each from the first source that has it.
 * @throws Error when one is missing or has another shape.
 */
export function pickParameters(
  what: string,
  specs: ParameterSpecs,
  sources: readonly Readonly<HostTensors>[],
): HostTensors {
  return Object.fromEntries(
    Object.keys(specs).map((name) => [name, findParameter(what, specs, sources, name)[name]!]),
  );
}

/**
 * As `pickParameters`, reading nothing but these parameters.
 * @throws Error when one is missing, has another shape, or holds values that are not finite.
 */
export async function readParameters(
  what: string,
  specs: ParameterSpecs,
  sources: readonly TensorSource[],
): Promise<HostTensors> {
  const shapes = sources.map((source) => source.specs);
  const wanted = Object.keys(specs).map((name) => {
    const index = shapes.indexOf(findParameter(what, specs, shapes, name));
    return { name, source: sources[index]! };
  });
  const read: HostTensors = {};
  for (const { name, source } of wanted) {
    const tensors = await source.read([name]);
    const count = nonFiniteValues(tensors[name]!);
    if (count > 0) throw new Error(nonFinite(`The ${what}'s "${name}"`, count));
    Object.assign(read, tensors);
  }
  return read;
}

/** A sentence about a tensor of which `count` values are NaN or infinite; `subject` begins it. */
export function nonFinite(subject: string, count: number): string {
  const values = count === 1 ? 'value that is' : 'values that are';
  return `${subject} has ${count} ${values} NaN or infinite: use weights of before that happened.`;
}

function nonFiniteValues({ dtype, data }: HostTensor): number {
  if (dtype !== 'float32') return 0;
  let count = 0;
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) count++;
  return count;
}

/** The first source that has a parameter, which must have the right shape in it. */
function findParameter<T extends Readonly<Record<string, { readonly shape: readonly number[] }>>>(
  what: string,
  specs: ParameterSpecs,
  sources: readonly T[],
  name: string,
): T {
  const found = sources.find((source) => Object.hasOwn(source, name));
  if (!found) {
    throw new Error(
      `The weights of the ${what} lack "${name}": use a file that was made for this preset.`,
    );
  }
  const { shape } = found[name]!;
  const needed = specs[name]!.shape;
  if (shape.join() !== needed.join()) {
    throw new Error(
      `The ${what}'s "${name}" has shape [${shape.join(', ')}] where the preset needs [${needed.join(', ')}]: use a file or preset that fits.`,
    );
  }
  return found;
}
