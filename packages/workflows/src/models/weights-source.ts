import { statSync } from 'node:fs';
import { isModelDirectory, openCheckpoint, type WeightsFile } from '@ar-distill/checkpoints';
import type { Backbone } from '@ar-distill/core';
import { dd1 } from '@ar-distill/core/methods';
import { type HostTensors, tensorSource, type TensorSource } from '@ar-distill/program';
import { loadModel, loadModelDirectory, type ModelKind } from '@ar-distill/runs';
import { openForeignWeights } from './foreign-weights';
import { checkWeightsPath } from './weights-path';
import { withoutPrefix } from './wrapper-prefix';

/** Weights that are read tensor by tensor, and what is known about them. */
export interface WeightsSource {
  readonly tensors: TensorSource;
  /** As the file states it; undefined in checkpoints of other projects. */
  readonly architecture?: unknown;
  /** Set when the architecture holds only the keys that the network here determines. */
  readonly isPartial?: boolean;
  /** Set for a released network of Distilled Decoding 1, which says neither its codes nor its AR steps. */
  readonly isReleasedDd1?: boolean;
  /** Set when other networks may lie beside this one. */
  readonly isFolder?: boolean;
  readonly provenance: Readonly<Record<string, string | number>>;
  close(): Promise<void>;
}

/**
 * Opens a model directory, a model that AR-Distill wrote, or a checkpoint of another project (a file, or a
 * folder in the Hugging Face layout).
 * @throws InvalidOptionError when there is no file or folder of that name; Error when it holds another kind of
 *   network or belongs to another plugin.
 */
export async function openWeights(
  backbone: Backbone,
  kind: Extract<ModelKind, 'teacher' | 'tokenizer' | 'generator'>,
  file: string,
): Promise<WeightsSource> {
  checkWeightsPath(file, kind);
  if (isModelDirectory(file)) return openDirectory(backbone, kind, file);
  if (statSync(file).isDirectory() || !(await isModelFile(file))) {
    return { ...(await openForeignWeights(file)), provenance: {} };
  }
  const { tensors, architecture, provenance, plugin: owner } = await loadModel(file, kind);
  checkOwner(backbone, file, owner);
  return { ...inMemory(tensors, provenance), architecture };
}

async function openDirectory(
  backbone: Backbone,
  kind: ModelKind,
  folder: string,
): Promise<WeightsSource> {
  const { description, weights } = await loadModelDirectory(folder);
  const { components, architecture } = description;
  const isReleasedDd1 =
    kind === 'generator' && components.some((component) => component.kind === dd1.name);
  const own = components.find((component) => component.kind === (isReleasedDd1 ? dd1.name : kind));
  try {
    checkOwner(backbone, folder, description.plugin);
    if (!own) {
      throw new Error(
        `"${folder}" holds ${components.map((held) => `a ${held.kind}`).join(' and ')} where a ${kind} is needed: name another folder.`,
      );
    }
  } catch (error) {
    await weights.close();
    throw error;
  }
  return {
    tensors: tensorsOf(weights, own.prefix),
    architecture,
    isPartial: components.length === 1,
    isFolder: true,
    ...(isReleasedDd1 ? { isReleasedDd1 } : {}),
    provenance: { ...(isReleasedDd1 ? { method: dd1.name } : {}), ...own.provenance },
    close: () => weights.close(),
  };
}

/** What a component reads: where others have tensors of the same names, its own have the prefix. */
function tensorsOf(weights: WeightsFile, prefix = ''): TensorSource {
  const own = prefix === '' ? {} : withoutPrefix(weights.specs, prefix);
  const placeOf = (name: string): string => (Object.hasOwn(own, name) ? prefix + name : name);
  return {
    specs: { ...weights.specs, ...own },
    read: async (names) => {
      const read: HostTensors = {};
      for (const name of names) read[name] = await weights.read(placeOf(name));
      return read;
    },
  };
}

async function isModelFile(file: string): Promise<boolean> {
  const opened = await openCheckpoint(file);
  await opened.close();
  return opened.metadata['kind'] !== undefined;
}

function inMemory(
  tensors: Parameters<typeof tensorSource>[0],
  provenance: WeightsSource['provenance'],
): WeightsSource {
  return { tensors: tensorSource(tensors), provenance, close: async () => undefined };
}

function checkOwner(backbone: Backbone, file: string, owner: string): void {
  if (owner === backbone.name) return;
  throw new Error(
    `"${file}" belongs to the backbone "${owner}", not to "${backbone.name}": name another file or preset.`,
  );
}
