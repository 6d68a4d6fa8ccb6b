import path from 'node:path';
import { CheckpointFormatError, type CheckpointFile } from '@ar-distill/checkpoints';
import type { Backbone, CheckpointListing, RecognizedPart } from '@ar-distill/core';

/** What a checkpoint file turned out to hold. */
export interface RecognizedFile {
  /** Path as the user gave it. */
  readonly file: string;
  readonly checkpoint: CheckpointFile;
  readonly backbone: Backbone;
  readonly parts: readonly RecognizedPart[];
}

/** What restricts the search. */
export interface RecognizeOptions {
  /** Name of the backbone that the file must belong to. */
  readonly backbone?: string | undefined;
  /** Dotted path inside the checkpoint that alone is looked at. */
  readonly key?: string | undefined;
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * Asks the backbones what a checkpoint holds.
 * @throws Error with one sentence when nobody knows it, or the one who does finds it incomplete.
 */
export function recognizeFile(
  backbones: readonly Backbone[],
  file: string,
  checkpoint: CheckpointFile,
  { backbone: wanted, key, config }: RecognizeOptions,
): RecognizedFile {
  const listing = { ...listCheckpoint(file, checkpoint, key), config };
  const able = backbones.filter(({ recognizeCheckpoint }) => recognizeCheckpoint !== undefined);
  const asked = wanted === undefined ? able : able.filter(({ name }) => name === wanted);
  if (asked.length === 0) throw new Error(noBackbone(backbones, able, wanted));
  const problems: unknown[] = [];
  for (const backbone of asked) {
    try {
      const parts = backbone.recognizeCheckpoint!(listing);
      if (parts.length > 0) return { file, checkpoint, backbone, parts };
    } catch (error) {
      problems.push(error);
    }
  }
  if (problems.length > 0) {
    const [problem] = problems;
    const sentence = problem instanceof Error ? problem.message : String(problem);
    throw new CheckpointFormatError(file, `${sentence}.`, { cause: problem });
  }
  throw unknown(file, checkpoint, listing, asked, able);
}

/** The state dicts of a checkpoint with the shapes of their tensors. */
function listCheckpoint(
  file: string,
  { dicts, specs }: CheckpointFile,
  key: string | undefined,
): Omit<CheckpointListing, 'config'> {
  const parts = dicts
    .filter(({ path: place }) => key === undefined || place === key)
    .map(({ path: place, keys }) => ({
      path: place,
      tensors: Object.fromEntries(keys.map((name) => [name, specs[nameIn(place, name)]!])),
    }));
  if (key !== undefined && parts.length === 0) {
    throw new CheckpointFormatError(
      file,
      `it has no state dict "${key}": it has ${placesOf(dicts)}.`,
    );
  }
  return { fileName: path.basename(file), parts };
}

/** Name in the checkpoint of a tensor of the state dict at `place`. */
export function nameIn(place: string, name: string): string {
  return place === '' ? name : `${place}.${name}`;
}

function placesOf(dicts: CheckpointFile['dicts']): string {
  const places = dicts.slice(0, 8).map(({ path: place }) => (place === '' ? 'itself' : place));
  return places.join(', ');
}

function unknown(
  file: string,
  { names }: CheckpointFile,
  listing: CheckpointListing,
  asked: readonly Backbone[],
  able: readonly Backbone[],
): Error {
  const others = able.filter((backbone) => !asked.includes(backbone));
  const owner = others.find((backbone) => recognizes(backbone, listing));
  if (owner) {
    return new CheckpointFormatError(
      file,
      `this is a network of the plugin "${owner.name}", not of "${asked[0]!.name}": use --plugin ${owner.name}.`,
    );
  }
  const known = asked.map(({ name }) => `"${name}"`).join(', ');
  const shown = names.slice(0, 3).map((name) => `"${name}"`);
  return new CheckpointFormatError(
    file,
    `its ${names.length} tensors (${shown.join(', ')}${names.length > 3 ? ', …' : ''}) are of no network that ${known} knows.`,
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
): string {
  const names = able.map(({ name }) => name).join(', ') || 'none';
  if (wanted === undefined) {
    return 'No installed plugin can import checkpoints: install @ar-distill/plugin-var or @ar-distill/plugin-llamagen.';
  }
  return backbones.some(({ name }) => name === wanted)
    ? `The plugin "${wanted}" cannot import checkpoints; those that can are: ${names}.`
    : `There is no plugin "${wanted}"; those that can import checkpoints are: ${names}.`;
}
