import { CheckpointFormatError } from '@ar-distill/checkpoints';
import type { Backbone, Preset, RecognizedPart } from '@ar-distill/core';
import type { Contribution } from '@ar-distill/di';
import { presetInFile } from '../models/preset-names';
import { isTree, mergeTrees, type Tree } from '../settings/merge';
import type { RecognizedFile } from './recognize';

/** A network that is imported and the file that it is in. */
export interface ImportedPart {
  readonly from: RecognizedFile;
  readonly part: RecognizedPart;
}

/** What the files of one import make together. */
export interface ImportedModel {
  readonly backbone: Backbone;
  readonly parts: readonly ImportedPart[];
  readonly architecture: Tree;
  /** The preset that has these sizes, `plugin:preset` when another plugin than the backbone's brings it. */
  readonly preset?: string;
}

/**
 * Puts the networks of all files together: at most one of each kind, all of one backbone, and with sizes
 * that agree.
 * @throws Error with one sentence that names the files.
 */
export function combineFiles(
  files: readonly RecognizedFile[],
  presets: readonly Contribution<Preset>[],
): ImportedModel {
  const parts = files.flatMap((from) => from.parts.map((part) => ({ from, part })));
  const [first] = files;
  if (!first) throw new Error('There is nothing to import: name at least one file.');
  const { backbone } = first;
  const stranger = files.find((file) => file.backbone !== backbone);
  if (stranger) {
    throw new Error(
      `"${first.file}" belongs to the backbone "${backbone.name}" and "${stranger.file}" to "${stranger.backbone.name}": import them one after the other.`,
    );
  }
  let stated: Tree = {};
  for (const [i, imported] of parts.entries()) {
    const { from, part } = imported;
    const twin = parts.slice(0, i).find((other) => other.part.kind === part.kind);
    if (twin) {
      throw new Error(
        `"${twin.from.file}" and "${from.file}" both hold a ${part.kind}: import them one after the other.`,
      );
    }
    const conflict = conflictingKey(stated, part.architecture);
    if (conflict !== undefined) {
      throw new CheckpointFormatError(
        from.file,
        `the ${part.label} does not fit the ${parts[0]!.part.label}: their "${conflict}" differs.`,
      );
    }
    stated = mergeTrees(stated, part.architecture);
  }
  const architecture = backbone.completeArchitecture?.(stated) ?? stated;
  const given = conflictingKey(stated, architecture);
  if (given !== undefined) {
    throw new CheckpointFormatError(
      first.file,
      `the "${given}" of the config does not fit the networks: correct it or leave it out.`,
    );
  }
  const kinds = parts.map(({ part }) => part.kind);
  const isWhole = kinds.includes('tokenizer') && kinds.length > 1;
  const preset = presetWith(backbone, presets, architecture);
  return {
    backbone,
    parts,
    architecture: isWhole ? wholeArchitecture(backbone, architecture) : architecture,
    ...(preset === undefined ? {} : { preset }),
  };
}

function wholeArchitecture(backbone: Backbone, architecture: Tree): Tree {
  const result = backbone.architectureSchema.safeParse(architecture);
  if (result.success) return result.data as Tree;
  const { path, message } = result.error.issues[0]!;
  throw new Error(
    `The networks do not fit together in "${path.join('.')}": ${message.replace(/\.$/, '')}.`,
  );
}

/** A key at any depth that both have, with different values. */
function conflictingKey(a: Tree, b: Tree, prefix = ''): string | undefined {
  for (const [key, value] of Object.entries(b)) {
    if (!Object.hasOwn(a, key)) continue;
    const other = a[key];
    const found =
      isTree(value) && isTree(other)
        ? conflictingKey(other, value, `${prefix}${key}.`)
        : JSON.stringify(value) === JSON.stringify(other)
          ? undefined
          : `${prefix}${key}`;
    if (found !== undefined) return found;
  }
  return undefined;
}

function presetWith(
  backbone: Backbone,
  presets: readonly Contribution<Preset>[],
  architecture: Tree,
): string | undefined {
  const found = presets.find(
    ({ value }) =>
      value.backbone === backbone.name &&
      isTree(value.architecture) &&
      conflictingKey(value.architecture, architecture) === undefined,
  );
  return found && presetInFile(backbone.name, found);
}
