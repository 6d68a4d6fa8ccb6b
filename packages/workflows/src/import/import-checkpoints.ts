import path from 'node:path';
import {
  type CheckpointFile,
  CheckpointFormatError,
  isModelDirectory,
  nonFiniteCount,
  openCheckpoint,
  type StoredTensorSource,
} from '@ar-distill/checkpoints';
import { dd1 } from '@ar-distill/core/methods';
import { BACKBONES, PRESETS, type ServiceContainer } from '@ar-distill/di';
import { describeModelDirectory } from '@ar-distill/runs';
import { openContext, type WorkflowContext } from '../context';
import { InvalidOptionError } from '../errors';
import { newModelFolder, writeModelFolder } from '../models/model-folder';
import { nonFinite } from '../models/parameters';
import { presetOfFile } from '../models/preset-names';
import { checkWeightsPath } from '../models/weights-path';
import type { WorkflowOptions } from '../events';
import { checkFile, checkFolderToWrite } from '../settings/check-option';
import { readArchitectureConfigs } from './architecture-config';
import { combineFiles, type ImportedModel, type ImportedPart } from './model';
import { type RecognizedFile, recognizeFile, storedName } from './recognize';
import { describeNetwork, type ImportedNetwork } from './describe-networks';

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
 * @throws CheckpointFormatError naming the file that is damaged or that nobody knows, or the parameter that
 *   is not finite; InvalidOptionError naming a file that is not there, or a key of the config that is
 *   unknown, wrong or contradicts the tensors.
 */
export async function importCheckpoints(
  container: ServiceContainer,
  options: ImportOptions,
  run: WorkflowOptions = {},
): Promise<ImportResult> {
  if (options.out !== undefined) checkFolderToWrite(options.out);
  const context = openContext(container, run);
  for (const file of options.files) await checkCheckpoint(file);
  if (options.config !== undefined) checkFile(options.config);
  const backbones = container.resolveAll(BACKBONES).map(({ value }) => value);
  const opened: CheckpointFile[] = [];
  try {
    const files: RecognizedFile[] = [];
    for (const file of options.files) {
      const checkpoint = await openCheckpoint(file);
      opened.push(checkpoint);
      const configs = await readArchitectureConfigs(file, options.config);
      const { backbone, key } = options;
      files.push(recognizeFile(backbones, file, checkpoint, { backbone, key, configs }));
    }
    const model = combineFiles(files, container.resolveAll(PRESETS));
    return await writeModel(context, model, options.out);
  } finally {
    for (const checkpoint of opened) await checkpoint.close();
  }
}

async function checkCheckpoint(file: string): Promise<void> {
  checkWeightsPath(file, 'checkpoint');
  if (!isModelDirectory(file) || !(await isOwnModel(file))) return;
  throw new InvalidOptionError(
    `"${file}" is a model directory already: use it with --teacher, --tokenizer or --weights.`,
  );
}

/** A damaged index does not tell whose folder it is, the config beside it does. */
async function isOwnModel(folder: string): Promise<boolean> {
  try {
    await describeModelDirectory(folder);
    return true;
  } catch {
    // Opening the weights says what is wrong with them.
    return false;
  }
}

async function writeModel(
  context: WorkflowContext,
  model: ImportedModel,
  out: string | undefined,
): Promise<ImportResult> {
  const { backbone, preset, parts, architecture } = model;
  const folder = newModelFolder(out, slugOf(model));
  const tensors = parts.flatMap(sourcesOf);
  const repeated = tensors.find(
    ({ name }, i) => tensors.findIndex((other) => other.name === name) !== i,
  );
  if (repeated) {
    throw new Error(
      `Two of the networks have a tensor "${repeated.name}": import them one after the other.`,
    );
  }
  const networks = parts.map(describeNetwork);
  context.emit({ kind: 'recognized', networks });
  context.emit({ kind: 'ready', writes: [folder] });
  context.signal.throwIfAborted();
  const description = {
    plugin: backbone.name,
    ...(preset === undefined ? {} : { preset }),
    components: parts.map(({ from, part }) => ({
      kind: part.kind,
      label: part.label,
      tensors: part.parameters.length,
      source: { file: path.basename(from.file), path: part.path },
      ...(part.kind === dd1.name ? { provenance: { method: dd1.name } } : {}),
    })),
    architecture,
  };
  return {
    folder,
    bytes: await writeModelFolder(context, 'import', folder, { description, tensors }),
    networks,
    ...(preset === undefined ? {} : { preset: presetOfFile(backbone.name, preset) }),
  };
}

/** The parameters of a network, as they are stored; float64 becomes float32. */
function sourcesOf({ from, part }: ImportedPart): StoredTensorSource[] {
  const { file, checkpoint } = from;
  return part.parameters.map((name): StoredTensorSource => {
    const place = storedName(from, part, name);
    const type = checkpoint.storedTypes[place]!;
    const { shape } = checkpoint.specs[place]!;
    const finite = (pieces: AsyncIterable<Uint8Array>, as: 'F32' | 'F16' | 'BF16') =>
      onlyFinite(file, place, pieces, as);
    if (type === 'F32' || type === 'F16' || type === 'BF16') {
      return { name, shape, type, read: () => finite(checkpoint.readStored(place), type) };
    }
    if (type !== 'F64') {
      throw new CheckpointFormatError(
        file,
        `the parameter "${place}" holds ${type} values where floating-point weights are needed.`,
      );
    }
    return { name, shape, type: 'F32', read: () => finite(asFloat32(checkpoint, place), 'F32') };
  });
}

async function* asFloat32(checkpoint: CheckpointFile, name: string): AsyncGenerator<Uint8Array> {
  const { data } = await checkpoint.read(name);
  yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Passes a parameter on; fails at its end when values of it are not finite. */
async function* onlyFinite(
  file: string,
  name: string,
  pieces: AsyncIterable<Uint8Array>,
  type: 'F32' | 'F16' | 'BF16',
): AsyncGenerator<Uint8Array> {
  let count = 0;
  for await (const piece of pieces) {
    count += nonFiniteCount(type, piece);
    yield piece;
  }
  if (count > 0) throw new CheckpointFormatError(file, nonFinite(`the parameter "${name}"`, count));
}

/** A folder's name from what it holds: that of the teacher, else of the first network. */
function slugOf({ parts }: ImportedModel): string {
  const main = parts.find(({ part }) => part.kind !== 'tokenizer') ?? parts[0]!;
  return main.part.label.toLowerCase();
}
