import { existsSync } from 'node:fs';
import path from 'node:path';
import {
  type CheckpointFile,
  CheckpointFormatError,
  openCheckpoint,
  type StoredTensorSource,
} from '@ar-distill/checkpoints';
import { elementCount } from '@ar-distill/program';
import { BACKBONES, PRESETS, type ServiceContainer } from '@ar-distill/di';
import { saveModelDirectory } from '@ar-distill/runs';
import { openContext, type WorkflowContext } from '../context';
import { presetOfFile } from '../models/preset-names';
import type { WorkflowOptions } from '../events';
import { checkFile } from '../settings/check-option';
import { readArchitectureConfig } from './architecture-config';
import { combineFiles, type ImportedModel, type ImportedPart } from './model';
import { nameIn, type RecognizedFile, recognizeFile } from './recognize';
import { describeNetwork, type ImportedNetwork } from './describe-networks';

/** Folder that model directories are made in when none is named. */
const MODELS_FOLDER = 'models';
const MEBIBYTE = 2 ** 20;

/** Options of `importCheckpoints`. */
export interface ImportOptions {
  readonly files: readonly string[];
  /** Name of the backbone that the files must belong to; default: whoever knows them. */
  readonly backbone?: string | undefined;
  /** Dotted path of the state dict inside the checkpoints that alone is looked at. */
  readonly key?: string | undefined;
  /** Model directory; default: named after what was found, under `models`. */
  readonly out?: string | undefined;
  /** JSON or YAML file with keys of the architecture that tensors do not tell. */
  readonly config?: string | undefined;
}

/** A model directory that was written. */
export interface ImportResult {
  readonly folder: string;
  readonly bytes: number;
  readonly networks: readonly ImportedNetwork[];
  /** `plugin:preset` of the preset that has these sizes, when there is one. */
  readonly preset?: string;
}

/**
 * Recognises checkpoints of the original projects and writes the networks in them as one model
 * directory, tensor by tensor. Nothing remains of what fails.
 * @throws CheckpointFormatError naming the file that is damaged or that nobody knows;
 *   InvalidOptionError naming one that is not there.
 */
export async function importCheckpoints(
  container: ServiceContainer,
  options: ImportOptions,
  run: WorkflowOptions = {},
): Promise<ImportResult> {
  const context = openContext(container, run);
  options.files.forEach(checkFile);
  const backbones = container.resolveAll(BACKBONES).map(({ value }) => value);
  const opened: CheckpointFile[] = [];
  try {
    const files: RecognizedFile[] = [];
    for (const file of options.files) {
      const checkpoint = await openCheckpoint(file);
      opened.push(checkpoint);
      const config = await readArchitectureConfig(file, options.config);
      const { backbone, key } = options;
      files.push(recognizeFile(backbones, file, checkpoint, { backbone, key, config }));
    }
    const model = combineFiles(files, container.resolveAll(PRESETS));
    return await writeModel(context, model, options.out);
  } finally {
    for (const checkpoint of opened) await checkpoint.close();
  }
}

async function writeModel(
  { progress, emit, signal }: WorkflowContext,
  model: ImportedModel,
  out: string | undefined,
): Promise<ImportResult> {
  const { backbone, preset, parts, architecture } = model;
  const folder = out ?? path.join(MODELS_FOLDER, slugOf(model));
  if (existsSync(folder)) {
    throw new Error(`"${folder}" exists already: remove it, or name another folder with --out.`);
  }
  const tensors = parts.flatMap(sourcesOf);
  const repeated = tensors.find(
    ({ name }, i) => tensors.findIndex((other) => other.name === name) !== i,
  );
  if (repeated) throw new Error(`Both networks have a tensor "${repeated.name}".`);
  const networks = parts.map(describeNetwork);
  emit({ kind: 'recognized', networks });
  const total = tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  const description = {
    plugin: backbone.name,
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
  return {
    folder,
    bytes: total,
    networks,
    ...(preset === undefined ? {} : { preset: presetOfFile(backbone.name, preset) }),
  };
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
