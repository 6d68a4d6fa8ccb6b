import { isModelDirectory } from '@ar-distill/checkpoints';
import type { OneStepGenerator } from '@ar-distill/core';
import type { HostTensors } from '@ar-distill/program';
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { GENERATOR_FILE, RUNS_FOLDER } from '../runs/run-files';
import { DISTILLATION, readRun } from '../runs/run-kinds';
import { parseArchitecture } from './architecture';
import { readParameters } from './parameters';
import { createGenerator, type PresetModels } from './preset-models';
import { openWeights, type WeightsSource } from './weights-source';

/** A generator with weights that belong to it. */
export interface LoadedGenerator {
  readonly generator: OneStepGenerator;
  readonly weights: Readonly<HostTensors>;
}

/**
 * The generator in a file, a run directory or a model directory; without one, that of the latest
 * finished distillation of this preset under `runs`, else the one that ships with the plugin.
 */
export async function loadGenerator(
  context: PresetContext,
  models: PresetModels,
  from?: string,
): Promise<LoadedGenerator> {
  const { found, emit } = context;
  const file = from
    ? await generatorIn(context, from)
    : ((await latestGenerator(context)) ?? found.preset.weights?.generator);
  if (!file) {
    throw new Error(
      `There is no generator of "${found.name}" yet: run "ar-distill distill --preset ${found.name}" or name one with --weights.`,
    );
  }
  const source = await openWeights(found.backbone, 'generator', file);
  try {
    if (source.architecture === undefined) {
      throw new Error(
        `"${file}" does not state its architecture: name a generator that "ar-distill distill" made.`,
      );
    }
    if (!from) emit({ kind: 'generator', file });
    const generator = createGenerator(
      found.backbone,
      parseArchitecture(context, source.architecture),
    );
    if (String(generator.layout.stepLengths) !== String(models.generator.layout.stepLengths)) {
      throw new Error(
        `"${file}" makes sequences of another layout than the preset "${found.name}".`,
      );
    }
    checkNothingElse(file, generator, source);
    return {
      generator,
      weights: await readParameters('generator', generator.parameterSpecs, [source.tensors]),
    };
  } finally {
    await source.close();
  }
}

/** What the file states of its architecture has to make all of its tensors, not some of them. */
function checkNothingElse(
  file: string,
  { parameterSpecs }: OneStepGenerator,
  { tensors, isFolder }: WeightsSource,
): void {
  // Other networks lie beside it in a folder.
  if (isFolder) return;
  const other = Object.keys(tensors.specs).find((name) => !Object.hasOwn(parameterSpecs, name));
  if (other === undefined) return;
  throw new Error(
    `"${file}" holds "${other}", which the architecture that it states has not: make the generator again.`,
  );
}

async function generatorIn(context: PresetContext, from: string): Promise<string> {
  if (isModelDirectory(from)) return from;
  const isFolder = existsSync(from) && (await stat(from)).isDirectory();
  if (isFolder) readRun(DISTILLATION, context, from, '--weights');
  const file = isFolder ? path.join(from, GENERATOR_FILE) : from;
  if (!existsSync(file)) {
    throw new InvalidOptionError(
      isFolder
        ? `The run "${from}" has no generator yet: go on with "ar-distill distill --resume ${from}".`
        : `There is no file or folder "${from}": name a generator that is there.`,
    );
  }
  return file;
}

/** Run directories are numbered: the highest is the latest. */
async function latestGenerator(context: PresetContext): Promise<string | undefined> {
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
function isDistillation(context: PresetContext, run: string): boolean {
  try {
    readRun(DISTILLATION, context, run, '--weights');
    return true;
  } catch {
    return false;
  }
}
