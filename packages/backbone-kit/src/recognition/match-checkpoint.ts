import type { ParameterSpecs } from '@ar-distill/nn';
import type { z } from 'zod';
import type { CheckpointPart } from '@ar-distill/core';

/**
 * Checks the tensors of a part against the parameters that a network needs.
 *
 * @param what the network, as a sentence names it: "VAR-d16 transformer".
 * @param isBuffer tells by its name what a checkpoint holds beside parameters.
 * @returns the names of the parameters in the order of the part.
 * @throws Error with one sentence that names a missing, unexpected or ill-shaped tensor, and how many.
 */
export function matchTensors(
  what: string,
  needed: ParameterSpecs,
  { path, tensors }: CheckpointPart,
  isBuffer: (name: string) => boolean,
): string[] {
  const where = path === '' ? '' : ` under "${path}"`;
  const names = Object.keys(tensors);
  const missing = Object.keys(needed).filter((name) => !Object.hasOwn(tensors, name));
  if (missing.length > 0) {
    throw new Error(
      `the ${what}${where} lacks ${countOf(missing)}: it is not a complete checkpoint of this model`,
    );
  }
  const unexpected = names.filter((name) => !Object.hasOwn(needed, name) && !isBuffer(name));
  if (unexpected.length > 0) {
    throw new Error(
      `the ${what}${where} has ${countOf(unexpected)} that it does not know: the file is of another model or version`,
    );
  }
  const parameters = names.filter((name) => Object.hasOwn(needed, name));
  const wrong = parameters.filter(
    (name) => tensors[name]!.shape.join() !== needed[name]!.shape.join(),
  );
  if (wrong.length > 0) {
    const shapes = [tensors[wrong[0]!]!, needed[wrong[0]!]!].map(
      ({ shape }) => `[${shape.join(', ')}]`,
    );
    throw new Error(
      `the ${what}${where} has the shape ${shapes[0]} where ${shapes[1]} is needed in ${countOf(wrong)}: its sizes do not fit together`,
    );
  }
  return parameters;
}

/**
 * Shape of a tensor that sizes are read from.
 * @throws Error when it is missing, has another rank or an empty axis.
 */
export function shapeOf(
  what: string,
  { tensors }: CheckpointPart,
  name: string,
  rank: number,
): readonly number[] {
  if (!Object.hasOwn(tensors, name)) {
    throw new Error(`the ${what} lacks "${name}": it is not a complete checkpoint of this model`);
  }
  const { shape } = tensors[name]!;
  if (shape.length !== rank || shape.includes(0)) {
    throw new Error(
      `the ${what}'s "${name}" has the shape [${shape.join(', ')}] where ${rank} sizes above 0 are needed`,
    );
  }
  return shape;
}

/**
 * How many of the names `prefix0suffix`, `prefix1suffix`, … a part has: the layers of a network. They
 * are looked up one after the other, so that a forged number cannot ask for billions of layers.
 */
export function countLayers({ tensors }: CheckpointPart, prefix: string, suffix: string): number {
  let count = 0;
  while (Object.hasOwn(tensors, `${prefix}${count}${suffix}`)) count++;
  return count;
}

/**
 * Widths of the levels of a convolutional encoder over that of its first layer.
 *
 * @param nameOf the weight [width, …] of a level's first convolution.
 * @throws Error when a width is no multiple of `baseChannels`.
 */
export function channelMultipliers(
  what: string,
  part: CheckpointPart,
  baseChannels: number,
  levels: number,
  nameOf: (level: number) => string,
): number[] {
  return Array.from({ length: levels }, (_, level) => {
    const [width = 0] = shapeOf(what, part, nameOf(level), 4);
    if (width % baseChannels !== 0) {
      throw new Error(
        `the ${what} has ${width} channels at level ${level}, which is no multiple of ${baseChannels}`,
      );
    }
    return width / baseChannels;
  });
}

/**
 * The part whose path comes first in `order`; a path that is not in it comes last.
 * @throws Error when there are several of such paths alone: the user has to say which.
 */
export function preferredPart<T extends { readonly path: string }>(
  parts: readonly T[],
  order: readonly string[],
): T | undefined {
  const rank = ({ path }: T): number => (order.includes(path) ? order.indexOf(path) : order.length);
  const [first, second] = parts.toSorted((a, b) => rank(a) - rank(b));
  if (first && second && rank(first) === order.length) {
    const places = parts.slice(0, 8).map(({ path }) => `"${path}"`);
    throw new Error(
      `it holds such a network under ${places.join(', ')}${parts.length > 8 ? ', …' : ''}: choose one with --key`,
    );
  }
  return first;
}

/** A value of the config under any of its names, which may be dotted; undefined when it is not given. */
export function configValue(
  config: Readonly<Record<string, unknown>>,
  ...names: readonly string[]
): unknown {
  for (const name of names) {
    let value: unknown = config;
    for (const key of name.split('.')) {
      const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
      value = isObject ? Reflect.get(value as object, key) : undefined;
    }
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}

/**
 * As `configValue`, for a positive number.
 * @throws Error when it is something else.
 */
export function configNumber(
  config: Readonly<Record<string, unknown>>,
  ...names: readonly string[]
): number | undefined {
  const value = configValue(config, ...names);
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !(value > 0) || !Number.isFinite(value)) {
    throw new Error(`the config's "${names[0]}" is no positive number`);
  }
  return value;
}

/**
 * The `groups` of a tokenizer's GroupNorm, which no tensor tells, where the config has them.
 * @throws Error when it is no positive number.
 */
export function groupsOf(config: Readonly<Record<string, unknown>>): { readonly groups?: number } {
  const groups = configNumber(config, 'tokenizer.groups');
  return groups === undefined ? {} : { groups };
}

/**
 * Sizes that were read from tensors, checked as an architecture.
 * @throws Error with half a sentence about the first one that is impossible.
 */
export function checkSizes<A>(what: string, schema: z.ZodType<A>, sizes: unknown): A {
  const result = schema.safeParse(sizes);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw new Error(
    `the ${what} has an impossible "${path.join('.')}" (${message.replace(/\.$/, '')})`,
  );
}

/** A key that neither the tensors nor the table of official shapes tell. */
export function missingKey(what: string, key: string, meaning: string): Error {
  return new Error(
    `the tensors of the ${what} do not tell ${meaning}: give the key "${key}" with --config FILE or in a config.json beside the checkpoint`,
  );
}

function countOf(names: readonly string[]): string {
  const more = names.length - 1;
  return `"${names[0]}"${more > 0 ? ` and ${more} more` : ''}`;
}
