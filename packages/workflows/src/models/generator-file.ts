import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { isModelDirectory } from '@ar-distill/checkpoints';
import { GENERATOR_FILE, RUNS_FOLDER } from '../run-folders';
import type { Loaded } from '../sample/image-sources';
import type { RecipeContext } from '../types';
import { parseArchitecture, type PresetModels, presetOf, readParameters } from './models';
import { openWeights } from './weights-source';

/**
 * The generator in a file, a run directory or a model directory; without one, that of the latest finished distillation of
 * this preset under `runs`, else the one that ships with the plugin.
 */
export async function loadGenerator(
  context: RecipeContext,
  models: PresetModels,
  from?: string,
): Promise<Loaded<PresetModels['network']>> {
  const { plugin, presetName, print } = context;
  const file = from
    ? await generatorIn(from)
    : ((await latestGenerator(presetName)) ?? presetOf(context).weights?.generator);
  if (!file) {
    throw new Error(
      `There is no generator of "${presetName}" yet: run "ar-distill distill --preset ${presetName}" or name one with --weights.`,
    );
  }
  const source = await openWeights(plugin, 'generator', file);
  try {
    if (source.architecture === undefined) {
      throw new Error(
        `"${file}" does not state its architecture: name a generator that "ar-distill distill" made.`,
      );
    }
    if (!from) print(`Generator: ${file}`);
    const network = plugin.createNetwork(parseArchitecture(context, source.architecture));
    if (String(network.layout.stepLengths) !== String(models.network.layout.stepLengths)) {
      throw new Error(
        `"${file}" makes sequences of another layout than the preset "${presetName}".`,
      );
    }
    const { parameterSpecs } = network;
    return {
      network,
      weights: await readParameters('generator', parameterSpecs, [source.tensors]),
    };
  } finally {
    await source.close();
  }
}

async function generatorIn(from: string): Promise<string> {
  if (isModelDirectory(from)) return from;
  const isFolder = existsSync(from) && (await stat(from)).isDirectory();
  const file = isFolder ? path.join(from, GENERATOR_FILE) : from;
  if (!existsSync(file)) {
    throw new Error(
      isFolder
        ? `The run "${from}" has no generator yet: go on with "ar-distill distill --resume ${from}".`
        : `There is no file "${from}".`,
    );
  }
  return file;
}

/** Run directories are numbered, so the last name that fits is the latest. */
async function latestGenerator(presetName: string): Promise<string | undefined> {
  if (!existsSync(RUNS_FOLDER)) return undefined;
  const runs = (await readdir(RUNS_FOLDER))
    .filter((name) => name.endsWith(`-${presetName}`))
    .sort();
  return runs
    .map((name) => path.join(RUNS_FOLDER, name, GENERATOR_FILE))
    .filter((file) => existsSync(file))
    .at(-1);
}
