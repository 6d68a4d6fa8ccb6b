import { isDiscrete, type SequenceSampler } from '@ar-distill/core';
import { compileOneStep, compileRefinement } from '@ar-distill/core/sampling';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { loadGenerator } from '../models/generator-file';
import { loadPresetModels, type PresetModels } from '../models/preset-models';

/** What draws. */
export interface SamplerOptions {
  /** Generator: run directory, file or model directory; default: see `loadGenerator`. */
  readonly weights?: string | undefined;
  /** Sample the teacher AR step by AR step instead; text names its weights or model directory. */
  readonly teacher?: boolean | string | undefined;
  /** Weights of the tokenizer; default: those that ship with the preset. */
  readonly tokenizer?: string | undefined;
  /** The last AR steps that the teacher samples again (DD2, algorithm 4). */
  readonly teacherSteps?: number | undefined;
}

/** The networks that images are drawn from; the teacher's weights only where it takes part. */
export function loadSampledModels(
  context: PresetContext,
  { teacher, tokenizer, teacherSteps }: SamplerOptions,
): Promise<PresetModels> {
  return loadPresetModels(
    context,
    { tokenizer, ...(typeof teacher === 'string' ? { teacher } : {}) },
    { teacherWeights: Boolean(teacher) || teacherSteps !== undefined },
  );
}

/** The generator, the teacher, or the generator whose last AR steps the teacher draws again. */
export async function openSampler(
  context: PresetContext,
  models: PresetModels,
  options: SamplerOptions,
  batchSize: number,
): Promise<SequenceSampler> {
  const { compiler, found } = context;
  const { teacher, teacherWeights } = models;
  const { teacherSteps: steps = 0 } = options;
  if (options.teacher && steps === 0) {
    return teacher.createSampler(compiler, teacherWeights, batchSize);
  }
  const loaded = await loadGenerator(context, models, options.weights);
  if (steps === 0) return compileOneStep({ ...loaded, batchSize }, compiler);
  if (!isDiscrete(teacher)) {
    throw new InvalidOptionError(
      `The teacher of "${found.backbone.name}" has no tokens to draw again: leave out the teacher's steps.`,
    );
  }
  return compileRefinement({ ...loaded, teacher, teacherWeights, steps, batchSize }, compiler);
}
