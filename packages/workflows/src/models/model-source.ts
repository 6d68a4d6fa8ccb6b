import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { isModelDirectory, openSafetensors } from '@ar-distill/checkpoints';
import { dd1 } from '@ar-distill/core/methods';
import { findPreset, type FoundPreset, type ServiceContainer } from '@ar-distill/di';
import { describeModelDirectory, type ModelDescription, RUN_CONFIG } from '@ar-distill/runs';
import { InvalidOptionError } from '../errors';
import { generatorOfRun } from '../runs/named-run';
import { DISTILLATION, readRun } from '../runs/run-kinds';
import { filesOf, type RunOfNetworks } from '../runs/run-networks';
import type { ModelFiles } from './preset-models';
import { presetOfFile } from './preset-names';
import { presetOfModel } from './stand-in-preset';

const NAME_ANOTHER = 'name a preset, a run, a model directory or the file of a generator';

/** What a name of a model stands for. */
export interface ModelSource {
  readonly preset: FoundPreset;
  /** Weights of the teacher and the tokenizer in place of the preset's. */
  readonly files: ModelFiles;
  /** What a run remembers of its teacher and tokenizer, to be compared with their files. */
  readonly run?: RunOfNetworks;
  /** Where the generator is. */
  readonly generator: string | undefined;
}

/**
 * Finds out what `source` is: a path to a run directory, a model directory or a generator's file, else
 * the name of a preset.
 * @throws InvalidOptionError when it is a path to nothing, or to something else; PluginError when no
 *   plugin has a preset of that name.
 */
export async function findModelSource(
  container: ServiceContainer,
  source: string,
): Promise<ModelSource> {
  if (!existsSync(source)) {
    if (/[\\/]|\.safetensors$/.test(source)) {
      throw new InvalidOptionError(`There is no file or folder "${source}": ${NAME_ANOTHER}.`);
    }
    const preset = findPreset(container, source);
    return { preset, files: {}, generator: preset.preset.weights?.generator };
  }
  if (!statSync(source).isDirectory()) {
    const preset = findPreset(container, await presetOfGenerator(source));
    return { preset, files: {}, generator: source };
  }
  return isModelDirectory(source) ? ofModelDirectory(container, source) : ofRun(container, source);
}

async function ofModelDirectory(container: ServiceContainer, folder: string): Promise<ModelSource> {
  const description = await describeModelDirectory(folder);
  return {
    preset: presetOfModel(container, folder, description).found,
    ...networksIn(folder, description),
  };
}

/** Which networks a model directory holds. */
export function networksIn(
  folder: string,
  { components }: ModelDescription,
): Pick<ModelSource, 'files' | 'generator'> {
  const holds = (kind: string): boolean => components.some((component) => component.kind === kind);
  return {
    files: {
      ...(holds('teacher') ? { teacher: folder } : {}),
      ...(holds('tokenizer') ? { tokenizer: folder } : {}),
    },
    generator: holds('generator') || holds(dd1.name) ? folder : undefined,
  };
}

function ofRun(container: ServiceContainer, folder: string): ModelSource {
  if (!existsSync(path.join(folder, RUN_CONFIG))) {
    throw new InvalidOptionError(
      `The folder "${folder}" is no run directory and holds no model: ${NAME_ANOTHER}.`,
    );
  }
  const networks = readRun(DISTILLATION, {}, folder, '--run');
  return {
    preset: findPreset(container, `${networks.plugin}:${networks.preset}`),
    files: filesOf(networks),
    run: { folder, networks },
    generator: generatorOfRun(folder),
  };
}

async function presetOfGenerator(file: string): Promise<string> {
  const { kind, plugin, preset } = await metadataOf(file);
  if (kind !== 'generator' || plugin === undefined || preset === undefined) throw noGenerator(file);
  return presetOfFile(plugin, preset);
}

async function metadataOf(file: string): Promise<Readonly<Record<string, string>>> {
  try {
    const opened = await openSafetensors(file);
    await opened.close();
    return opened.metadata;
  } catch (error) {
    throw noGenerator(file, error);
  }
}

function noGenerator(file: string, cause?: unknown): InvalidOptionError {
  return new InvalidOptionError(
    `"${file}" holds no generator of AR-Distill: ${NAME_ANOTHER}.`,
    cause === undefined ? {} : { cause },
  );
}
