import type { AdaptationSettings } from '@ar-distill/core';
import { FID_MNIST, loadMnistEvaluator, textTable, type ResultRow } from '@ar-distill/metrics';
import { createRng } from '@ar-distill/runs';
import path from 'node:path';
import {
  adaptationSettings,
  adaptModels,
  describeAdaptation,
  neededAdaptation,
  type Adaptation,
} from './adaptation';
import { drawImages, labelsInTurn } from './draw-images';
import { teacherSource } from './image-sources';
import { decoderOf, loadPresetModels, presetOf, type PresetModels } from './models';
import { checkResumed, loggedContext, openOrCreateRun } from './run-folders';
import type { AdaptOptions, RecipeContext, TrainingResult } from './types';

const BATCH = 250;
const SAMPLES = 10_000;
const COMMAND = 'adapt';

/** What a run directory says about the adaptation in it. */
interface AdaptConfig {
  readonly command: typeof COMMAND;
  readonly plugin: string;
  readonly preset: string;
  readonly teacher?: string;
  readonly tokenizer?: string;
  readonly data?: 'mnist';
  readonly samples: number;
  readonly settings: AdaptationSettings;
}

/**
 * Adapts a teacher that reads tokens to continuous code vectors, and says what it kept of the
 * teacher's quality: next-token distributions, and images where the preset's are MNIST's.
 */
export async function adapt(caller: RecipeContext, options: AdaptOptions): Promise<TrainingResult> {
  const { plugin, presetName, print } = caller;
  if (!plugin.adaptation) {
    throw new Error(
      `Teachers of the plugin "${plugin.name}" read code vectors as they are: distil "${presetName}" without adapting it.`,
    );
  }
  // Checked before a run directory is made.
  if (!options.resume) await modelsToAdapt(caller, options);
  const run = await openOrCreateRun(options, `adapt-${presetName}`, newConfig(caller, options));
  const context = loggedContext(caller, run);
  try {
    checkResumed(context, run, COMMAND);
    const config = run.config as AdaptConfig;
    const { settings, data, samples } = config;
    print(`Run directory: ${run.path}`);
    const rng = createRng(settings.seed);
    const { models, adaptation } = await modelsToAdapt(context, config);
    const outcome = await adaptModels(context, adaptation, { models, settings, data, run, rng });
    const lines = describeAdaptation(outcome);
    if (presetOf(context).training?.dataset === 'mnist') {
      lines.push('', textTable(await measureTeachers(context, outcome, samples, settings.seed)));
      lines.push('', `${samples} samples a row; ${FID_MNIST}: features of an MNIST classifier.`);
    }
    for (const line of lines) print(line);
    await run.writeFile('adaptation.txt', Buffer.from(`${lines.join('\n')}\n`));
    return { run: run.path, weights: outcome.file };
  } catch (error) {
    run.log.failed(error);
    throw error;
  } finally {
    await run.close();
  }
}

function newConfig(
  context: RecipeContext,
  { teacher, tokenizer, data, samples, settings }: AdaptOptions,
): AdaptConfig & Record<string, unknown> {
  return {
    command: COMMAND,
    plugin: context.plugin.name,
    preset: context.presetName,
    ...(teacher ? { teacher: path.resolve(teacher) } : {}),
    ...(tokenizer ? { tokenizer: path.resolve(tokenizer) } : {}),
    ...(data ? { data } : {}),
    samples: samples ?? SAMPLES,
    settings: adaptationSettings(context, settings ?? {}),
  };
}

async function modelsToAdapt(
  context: RecipeContext,
  files: { readonly teacher?: string | undefined; readonly tokenizer?: string | undefined },
) {
  const models = await loadPresetModels(context, files);
  const adaptation = neededAdaptation(context, models);
  if (!adaptation) {
    throw new Error(
      `The teacher ${files.teacher ? `"${files.teacher}"` : `of "${context.presetName}"`} reads code vectors already: give it to "ar-distill distill --teacher".`,
    );
  }
  return { models, adaptation };
}

/** FID-MNIST and class accuracy of both teachers, with the same uniform numbers. */
async function measureTeachers(
  context: RecipeContext,
  { original, adapted }: Adaptation,
  samples: number,
  seed: number,
): Promise<ResultRow[]> {
  const evaluator = await loadMnistEvaluator(context.compiler);
  const row = async (name: string, models: PresetModels): Promise<ResultRow> => {
    const { teacher, teacherWeights } = models;
    const source = await teacherSource(
      context.compiler,
      teacher,
      teacherWeights,
      decoderOf(models)!,
      Math.min(BATCH, samples),
    );
    const classes = Array.from({ length: teacher.numClasses }, (_, i) => i);
    const labels = labelsInTurn(classes, samples);
    const drawn = await drawImages(name, source, labels, createRng(seed), context);
    await source.dispose();
    const { fid, classAccuracy } = await evaluator.evaluate(drawn.images, drawn.labels);
    return { name, evaluations: source.evaluations, fid, classAccuracy };
  };
  const rows = [
    await row('AR teacher', original),
    await row('AR teacher, adapted to continuous input', adapted),
  ];
  await evaluator.dispose();
  return rows;
}
