import { isDiscrete, type SequenceLayout, type SequenceSampler } from '@ar-distill/core';
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

/**
 * Checks what can be told of the preset alone, before any weights are read.
 * @throws InvalidOptionError when its sequences are not images, or the teacher cannot draw so many of
 *   its AR steps again.
 */
export function checkSampler(
  { found }: PresetContext,
  { teacher: drawer, weights, tokenizer, teacherSteps = 0 }: SamplerOptions,
): void {
  const { backbone, preset, name } = found;
  if (!backbone.createTokenizer) {
    throw new InvalidOptionError(
      `The sequences of the preset "${name}" are not images to look at.`,
    );
  }
  if (teacherSteps === 0) return;
  if (drawer === true) {
    throw new InvalidOptionError(
      '"teacher" draws all steps and "teacherSteps" the last ones alone: leave one of them out.',
      { options: ['teacher', 'teacherSteps'] },
    );
  }
  const teacher = backbone.createTeacher(preset.architecture, preset.teacherSampling);
  if (!isDiscrete(teacher)) {
    throw new InvalidOptionError(
      `The teacher of "${backbone.name}" has no tokens to draw again: leave out the teacher's steps.`,
    );
  }
  // A file may state another layout than the preset.
  const isOfPreset = drawer === undefined && weights === undefined && tokenizer === undefined;
  if (isOfPreset) checkSteps(teacher.layout, teacherSteps);
}

function checkSteps({ stepLengths }: SequenceLayout, steps: number): void {
  if (Number.isInteger(steps) && steps >= 0 && steps <= stepLengths.length) return;
  throw new InvalidOptionError(
    `The teacher can draw 0 to ${stepLengths.length} of the last AR steps again, not ${steps}: ask for fewer.`,
  );
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
  if (steps > 0) checkSteps(teacher.layout, steps);
  const loaded = await loadGenerator(context, models, options.weights);
  if (steps === 0) return compileOneStep({ ...loaded, batchSize }, compiler);
  if (!isDiscrete(teacher)) {
    throw new InvalidOptionError(
      `The teacher of "${found.backbone.name}" has no tokens to draw again: leave out the teacher's steps.`,
    );
  }
  return compileRefinement({ ...loaded, teacher, teacherWeights, steps, batchSize }, compiler);
}
