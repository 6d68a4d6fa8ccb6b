import { isModelDirectory } from '@ar-distill/checkpoints';
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Loaded } from './image-sources';
import { parseArchitecture, presetOf, readParameters, type PresetModels } from './models';
import { GENERATOR_FILE, RUNS_FOLDER } from './run-folders';
import { DISTILLATION, readRun } from './run-kinds';
import type { RecipeContext } from './types';
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
    ? await generatorIn(context, from)
    : ((await latestGenerator(context)) ?? presetOf(context).weights?.generator);
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

async function generatorIn(context: RecipeContext, from: string): Promise<string> {
  if (isModelDirectory(from)) return from;
  const isFolder = existsSync(from) && (await stat(from)).isDirectory();
  if (isFolder) readRun(DISTILLATION, context, from, '--weights');
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

/** Run directories are numbered: the highest is the latest. */
async function latestGenerator(context: RecipeContext): Promise<string | undefined> {
  if (!existsSync(RUNS_FOLDER)) return undefined;
  const runs = (await readdir(RUNS_FOLDER))
    .filter((name) => /^\d+-/.test(name))
    .sort((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10))
    .map((name) => path.join(RUNS_FOLDER, name));
  const latest = runs.find(
    (run) => existsSync(path.join(run, GENERATOR_FILE)) && isDistillation(context, run),
  );
  return latest && path.join(latest, GENERATOR_FILE);
}

/** Whether a run is a distillation of this very preset; its name may say anything. */
function isDistillation(context: RecipeContext, run: string): boolean {
  try {
    readRun(DISTILLATION, context, run, '--weights');
    return true;
  } catch {
    return false;
  }
}
