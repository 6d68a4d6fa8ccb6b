import { loadModel } from '@ar-distill/runs';
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Loaded } from './image-sources';
import { parseArchitecture, pickParameters, presetOf, type PresetModels } from './models';
import { GENERATOR_FILE, RUNS_FOLDER } from './run-folders';
import type { RecipeContext } from './types';

/**
 * The generator in a file or a run directory; without one, that of the latest finished distillation of
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
  const model = await loadModel(file, 'generator');
  if (model.plugin !== plugin.name) {
    throw new Error(
      `"${file}" belongs to the plugin "${model.plugin}", not to "${plugin.name}": name the right preset.`,
    );
  }
  if (!from) print(`Generator: ${file}`);
  const network = plugin.createNetwork(parseArchitecture(context, model.architecture));
  if (String(network.layout.stepLengths) !== String(models.network.layout.stepLengths)) {
    throw new Error(`"${file}" makes sequences of another layout than the preset "${presetName}".`);
  }
  const weights = pickParameters('generator', network.parameterSpecs, [model.tensors]);
  return { network, weights };
}

async function generatorIn(from: string): Promise<string> {
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
