import path from 'node:path';
import { CheckpointFormatError, type CheckpointFile, unreadable } from '@ar-distill/checkpoints';
import type { Backbone, CheckpointListing, CheckpointPart, RecognizedPart } from '@ar-distill/core';
import { unknownName } from '@ar-distill/di';
import { InvalidOptionError } from '../errors';
import { withoutPrefix, wrapperPrefix } from '../models/wrapper-prefix';
import type { ArchitectureConfig } from './architecture-config';
import { checkConfigs, inOwnTerms, withConfigs } from './config-keys';

/** What a checkpoint file turned out to hold. */
export interface RecognizedFile {
  /** Path as the user gave it. */
  readonly file: string;
  readonly checkpoint: CheckpointFile;
  readonly backbone: Backbone;
  readonly parts: readonly RecognizedPart[];
  /** What wrappers put in front of the names of a state dict, by its path; taken off in `parts`. */
  readonly prefixes: ReadonlyMap<string, string>;
}

/** What restricts the search. */
export interface RecognizeOptions {
  /** Name of the backbone that the file must belong to. */
  readonly backbone?: string | undefined;
  /** Dotted path inside the checkpoint that alone is looked at. */
  readonly key?: string | undefined;
  /** Keys that tensors do not tell. */
  readonly configs: readonly ArchitectureConfig[];
}

/**
 * Asks the backbones what a checkpoint holds.
 * @throws CheckpointFormatError with one sentence when nobody knows it, or the one who does finds it
 *   incomplete; InvalidOptionError when a config is wrong.
 */
export function recognizeFile(
  backbones: readonly Backbone[],
  file: string,
  checkpoint: CheckpointFile,
  { backbone: wanted, key, configs }: RecognizeOptions,
): RecognizedFile {
  const listing = listCheckpoint(file, checkpoint, key);
  const able = backbones.filter(({ recognizeCheckpoint }) => recognizeCheckpoint !== undefined);
  const asked = wanted === undefined ? able : able.filter(({ name }) => name === wanted);
  if (asked.length === 0) throw noBackbone(backbones, able, wanted);
  const asStored = { parts: listing.parts, prefixes: new Map<string, string>() };
  for (const { parts, prefixes } of [asStored, unwrapped(listing.parts)]) {
    const problems: unknown[] = [];
    for (const backbone of asked) {
      const config = inOwnTerms(backbone, configs);
      try {
        const found = backbone.recognizeCheckpoint!({ ...listing, parts, config });
        if (found.length === 0) continue;
        checkConfigs(backbone, configs);
        const own = found.map((part) => withConfigs(backbone, part, configs));
        return { file, checkpoint, backbone, parts: own, prefixes };
      } catch (error) {
        if (error instanceof InvalidOptionError) throw error;
        // A key that is missing may have been misspelt.
        checkConfigs(backbone, configs);
        problems.push(error);
      }
    }
    const [problem] = problems;
    if (problem === undefined) continue;
    const sentence = problem instanceof Error ? problem.message : String(problem);
    throw new CheckpointFormatError(file, `${sentence}.`, { cause: problem });
  }
  throw unknown(file, checkpoint, listing, asked, able);
}

/** Name in the checkpoint of a tensor of a part. */
export function storedName(
  { prefixes }: Pick<RecognizedFile, 'prefixes'>,
  { path: place }: Pick<RecognizedPart, 'path'>,
  name: string,
): string {
  return nameIn(place, `${prefixes.get(place) ?? ''}${name}`);
}

/** The state dicts of a checkpoint with the shapes of their tensors. */
function listCheckpoint(
  file: string,
  { dicts, blocked, specs }: CheckpointFile,
  key: string | undefined,
): Omit<CheckpointListing, 'config'> {
  const parts = dicts
    .filter(({ path: place }) => key === undefined || place === key)
    .map(({ path: place, keys }) => ({
      path: place,
      tensors: Object.fromEntries(keys.map((name) => [name, specs[nameIn(place, name)]!])),
    }));
  if (key !== undefined && parts.length === 0) {
    const block = blocked.find(({ path: place }) => place === key);
    if (block) throw new CheckpointFormatError(file, `${unreadable(block).message}.`);
    throw new CheckpointFormatError(
      file,
      `it has no state dict "${key}": it has ${placesOf(dicts)}.`,
    );
  }
  return { fileName: path.basename(file), parts };
}

/** The state dicts without what wrappers put in front of the names. */
function unwrapped(parts: readonly CheckpointPart[]): {
  readonly parts: readonly CheckpointPart[];
  readonly prefixes: ReadonlyMap<string, string>;
} {
  const found = parts.map((part) => ({ ...part, prefix: wrapperPrefix(part.tensors) }));
  return {
    parts: found.map(({ path: place, tensors, prefix }) => ({
      path: place,
      tensors: withoutPrefix(tensors, prefix),
    })),
    prefixes: new Map(found.map(({ path: place, prefix }) => [place, prefix])),
  };
}

/** Name in the checkpoint of a tensor of the state dict at `place`. */
function nameIn(place: string, name: string): string {
  return place === '' ? name : `${place}.${name}`;
}

function placesOf(dicts: CheckpointFile['dicts']): string {
  const places = dicts.slice(0, 8).map(({ path: place }) => (place === '' ? 'itself' : place));
  return `${places.join(', ')}${dicts.length > places.length ? ', …' : ''}`;
}

function unknown(
  file: string,
  { names, blocked: [block] }: CheckpointFile,
  listing: Omit<CheckpointListing, 'config'>,
  asked: readonly Backbone[],
  able: readonly Backbone[],
): Error {
  const others = able.filter((backbone) => !asked.includes(backbone));
  const owner = others.find((backbone) => recognizes(backbone, { ...listing, config: {} }));
  if (owner) {
    return new CheckpointFormatError(
      file,
      `this is a network of the plugin "${owner.name}", not of "${asked[0]!.name}": use --plugin ${owner.name}.`,
    );
  }
  // What is left out may be what is meant.
  if (block) return new CheckpointFormatError(file, `${unreadable(block).message}.`);
  if (names.length === 0) {
    return new CheckpointFormatError(file, 'it holds no tensors: name a file of weights.');
  }
  const known = asked.map(({ name }) => `"${name}"`).join(', ');
  const shown = names.slice(0, 3).map((name) => `"${name}"`);
  return new CheckpointFormatError(
    file,
    `what it holds (${shown.join(', ')}${names.length > 3 ? ', …' : ''}) is of no network that ${known} knows: name other weights, or install the plugin of their family.`,
  );
}

function recognizes(backbone: Backbone, listing: CheckpointListing): boolean {
  try {
    return backbone.recognizeCheckpoint!(listing).length > 0;
  } catch {
    return true;
  }
}

function noBackbone(
  backbones: readonly Backbone[],
  able: readonly Backbone[],
  wanted: string | undefined,
): Error {
  if (wanted === undefined) {
    return new Error(
      'No installed plugin can import checkpoints: install @ar-distill/plugin-var or @ar-distill/plugin-llamagen.',
    );
  }
  const names = able.map(({ name }) => name);
  return new InvalidOptionError(
    backbones.some(({ name }) => name === wanted)
      ? `The plugin "${wanted}" cannot import checkpoints; those that can are: ${names.join(', ') || 'none'}.`
      : unknownName('plugin', wanted, names),
  );
}
