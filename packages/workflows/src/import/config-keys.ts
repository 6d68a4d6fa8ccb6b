import type { Backbone, RecognizedPart } from '@ar-distill/core';
import { nearestName } from '@ar-distill/di';
import { z } from 'zod';
import { InvalidOptionError } from '../errors';
import { isTree, mergeTrees, type Tree, treeOf } from '../settings/merge';
import { knownKeys, schemaAt } from '../settings/schema-at';
import type { ArchitectureConfig } from './architecture-config';

/** The keys of all configs in the backbone's own terms; later ones come before earlier ones. */
export function inOwnTerms(backbone: Backbone, configs: readonly ArchitectureConfig[]): Tree {
  return configs.map(({ keys }) => translated(backbone, keys)).reduce(mergeTrees, {});
}

function translated({ officialSettings }: Backbone, keys: Tree): Tree {
  const names = officialSettings?.keys ?? {};
  return Object.entries(keys)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([key, value]) =>
      Object.hasOwn(names, key) ? treeOf(names[key]!, value) : { [key]: value },
    )
    .reduce<Tree>(mergeTrees, {});
}

/**
 * Checks what configs say of a checkpoint that the backbone knows: the keys of a file that the user named
 * are known, and no setting is one that the backbone does not compute with.
 * @throws InvalidOptionError naming the file, the key and the mend.
 */
export function checkConfigs(backbone: Backbone, configs: readonly ArchitectureConfig[]): void {
  for (const config of configs) {
    checkFixed(backbone, config);
    if (config.isNamed && backbone.officialSettings) checkKnown(backbone, config, config.keys, []);
    checkValues(backbone, config);
  }
}

function checkFixed({ name, officialSettings }: Backbone, { file, keys }: ArchitectureConfig) {
  for (const [key, only] of Object.entries(officialSettings?.fixed ?? {})) {
    const given = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (given === undefined || given === null || same(given, only)) continue;
    throw new InvalidOptionError(
      `"${file}": "${key}" is ${shown(given)}, and ${name} computes with ${shown(only)} alone: a model with another value cannot be imported.`,
    );
  }
}

function checkKnown(
  backbone: Backbone,
  { file }: ArchitectureConfig,
  keys: Tree,
  path: readonly string[],
): void {
  const known = knownAt(backbone, path);
  for (const [key, value] of Object.entries(keys)) {
    if (!known.includes(key)) {
      const place = [...path, key].join('.');
      const nearest = nearestName(key, known);
      const mend =
        nearest === undefined
          ? `known are ${known.join(', ')}.`
          : `did you mean "${[...path, nearest].join('.')}"?`;
      throw new InvalidOptionError(
        `"${file}": "${place}" is no key of an architecture of ${backbone.name}: ${mend}`,
      );
    }
    const inner = [...path, key];
    if (isTree(value) && knownKeys(backbone.architectureSchema, inner).length > 0) {
      checkKnown(backbone, { file, keys, isNamed: true }, value, inner);
    }
  }
}

function knownAt({ architectureSchema, officialSettings }: Backbone, path: readonly string[]) {
  const own = knownKeys(architectureSchema, path);
  if (path.length > 0 || !officialSettings) return own;
  const { keys, fixed, others } = officialSettings;
  return [...own, ...Object.keys(keys), ...Object.keys(fixed), ...others];
}

/** Every value is one that the architecture can have, whatever the others are. */
function checkValues(backbone: Backbone, { file, keys }: ArchitectureConfig): void {
  for (const [path, value] of leaves(translated(backbone, keys))) {
    const schema = schemaAt(backbone.architectureSchema, path);
    if (!schema || z.core.safeParse(schema, value).success) continue;
    throw new InvalidOptionError(
      `"${file}": "${path.join('.')}" cannot be ${shown(value)}: correct it or leave it out.`,
    );
  }
}

/**
 * A part with the keys that only the configs tell, such as the groups of a normalisation.
 * @throws InvalidOptionError when a config contradicts what the part tells.
 */
export function withConfigs(
  backbone: Backbone,
  part: RecognizedPart,
  configs: readonly ArchitectureConfig[],
): RecognizedPart {
  let rest: Tree = {};
  for (const { file, keys } of configs) {
    for (const [path, value] of leaves(translated(backbone, keys))) {
      const told = valueAt(part.architecture, path);
      if (told !== undefined && !same(told, value)) {
        throw new InvalidOptionError(
          `"${file}": "${path.join('.')}" is ${shown(value)} where the ${part.label} has ${shown(told)}: correct it or leave it out.`,
        );
      }
      const isKey = schemaAt(backbone.architectureSchema, path) !== undefined;
      if (isKey) rest = mergeTrees(rest, treeOf(path.join('.'), value));
    }
  }
  return { ...part, architecture: mergeTrees(rest, part.architecture) };
}

/** Values that are no objects, with their paths. */
function leaves(tree: Tree, path: readonly string[] = []): (readonly [string[], unknown])[] {
  return Object.entries(tree).flatMap(([key, value]): (readonly [string[], unknown])[] =>
    isTree(value) ? leaves(value, [...path, key]) : [[[...path, key], value]],
  );
}

function valueAt(tree: Tree, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (holder, key) => (isTree(holder) && Object.hasOwn(holder, key) ? holder[key] : undefined),
    tree,
  );
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

const MAX_SHOWN = 80;

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= MAX_SHOWN ? text : 'something longer';
}
