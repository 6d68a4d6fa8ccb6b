import { existsSync } from 'node:fs';
import path from 'node:path';
import {
  type CheckpointFile,
  CheckpointFormatError,
  openCheckpoint,
  type StoredTensorSource,
} from '@ar-distill/checkpoints';
import { elementCount } from '@ar-distill/program';
import { saveModelDirectory } from '@ar-distill/runs';
import type { ImportContext, ImportOptions } from '../types';
import { readArchitectureConfig } from './architecture-config';
import { combineFiles, type ImportedModel, type ImportedPart } from './model';
import { nameIn, type RecognizedFile, recognizeFile } from './recognize';
import { describeParts } from './table';

/** Folder that model directories are made in when none is named. */
const MODELS_FOLDER = 'models';
const MEBIBYTE = 2 ** 20;

/**
 * Recognises checkpoints of the original projects and writes the networks in them as one model
 * directory, tensor by tensor; says in a table what was found. Nothing remains of what fails.
 */
export async function importCheckpoints(
  context: ImportContext,
  options: ImportOptions,
): Promise<{ readonly folder: string }> {
  const opened: CheckpointFile[] = [];
  try {
    const files: RecognizedFile[] = [];
    for (const file of options.files) {
      const checkpoint = await openCheckpoint(file);
      opened.push(checkpoint);
      const config = await readArchitectureConfig(file, options.config);
      const { plugin, key } = options;
      files.push(recognizeFile(context.plugins, file, checkpoint, { plugin, key, config }));
    }
    const model = combineFiles(files);
    return { folder: await writeModel(context, model, options.out) };
  } finally {
    for (const checkpoint of opened) await checkpoint.close();
  }
}

async function writeModel(
  { progress, print, signal }: ImportContext,
  model: ImportedModel,
  out: string | undefined,
): Promise<string> {
  const { plugin, preset, parts, architecture } = model;
  const folder = out ?? path.join(MODELS_FOLDER, slugOf(model));
  if (existsSync(folder)) {
    throw new Error(`"${folder}" exists already: remove it, or name another folder with --out.`);
  }
  const tensors = parts.flatMap(sourcesOf);
  const repeated = tensors.find(
    ({ name }, i) => tensors.findIndex((other) => other.name === name) !== i,
  );
  if (repeated) throw new Error(`Both networks have a tensor "${repeated.name}".`);
  for (const line of describeParts(parts)) print(line);
  for (const { part } of parts) for (const note of part.notes) print(`${part.label}: ${note}`);
  const total = tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  const description = {
    plugin: plugin.name,
    ...(preset === undefined ? {} : { preset }),
    components: parts.map(({ from, part }) => ({
      kind: part.kind,
      label: part.label,
      tensors: part.parameters.length,
      source: { file: path.basename(from.file), path: part.path },
    })),
    architecture,
  };
  const size = Math.ceil(total / MEBIBYTE);
  let shown = 0;
  await saveModelDirectory(folder, description, tensors, {
    signal,
    onProgress: (bytes) => {
      const done = bytes === total ? size : Math.floor(bytes / MEBIBYTE);
      if (done === shown) return;
      shown = done;
      progress.update({ stage: 'import (MiB)', done, total: size, metrics: {} });
    },
  });
  print(`Model directory: ${folder} (${size} MiB)`);
  if (preset !== undefined) print(`It has the sizes of the preset ${plugin.name}:${preset}.`);
  return folder;
}

/** The parameters of a network, as they are stored; float64 becomes float32. */
function sourcesOf({ from: { file, checkpoint }, part }: ImportedPart): StoredTensorSource[] {
  return part.parameters.map((name): StoredTensorSource => {
    const place = nameIn(part.path, name);
    const type = checkpoint.storedTypes[place]!;
    const { shape } = checkpoint.specs[place]!;
    if (type === 'F32' || type === 'F16' || type === 'BF16') {
      return { name, shape, type, read: () => checkpoint.readStored(place) };
    }
    if (type !== 'F64') {
      throw new CheckpointFormatError(
        file,
        `the parameter "${place}" holds ${type} values where floating-point weights are needed.`,
      );
    }
    return { name, shape, type: 'F32', read: () => asFloat32(checkpoint, place) };
  });
}

async function* asFloat32(checkpoint: CheckpointFile, name: string): AsyncGenerator<Uint8Array> {
  const { data } = await checkpoint.read(name);
  yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function bytesOf({ shape, type }: StoredTensorSource): number {
  return elementCount(shape) * (type === 'F32' ? 4 : 2);
}

/** A folder's name from what it holds: that of the teacher, else of the first network. */
function slugOf({ parts }: ImportedModel): string {
  const main = parts.find(({ part }) => part.kind !== 'tokenizer') ?? parts[0]!;
  return main.part.label.toLowerCase();
}
