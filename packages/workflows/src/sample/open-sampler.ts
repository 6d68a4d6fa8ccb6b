import { isModelDirectory } from '@ar-distill/checkpoints';
import { isDiscrete, type SequenceLayout, type SequenceSampler } from '@ar-distill/core';
import { compileRefinement } from '@ar-distill/core/sampling';
import { describeModelDirectory } from '@ar-distill/runs';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { loadGenerator } from '../models/generator-file';
import { networksIn } from '../models/model-source';
import { loadPresetModels, type ModelFiles, type PresetModels } from '../models/preset-models';
import { generatorOfRun, namedRun, type RunReference } from '../runs/named-run';
import { DISTILLATION, readRun } from '../runs/run-kinds';
import { filesToDraw } from '../runs/run-networks';
import type { Exclusion } from '../settings/refuse-together';
import { type Decoder, imageDecoder } from './decoder';
import { generatorSampler } from './generator-sampler';

/** What draws. */
export interface SamplerOptions extends RunReference {
  /** Sample the teacher AR step by AR step instead; text names its weights or model directory. */
  readonly teacher?: boolean | string | undefined;
  /** Weights of the tokenizer; default: the run's, else those that ship with the preset. */
  readonly tokenizer?: string | undefined;
  /** Network evaluations of the generator, 1 (default) or, where it is trained for them, 2. */
  readonly steps?: number | undefined;
  /** The last AR steps that the teacher samples again (DD2, algorithm 4). */
  readonly teacherSteps?: number | undefined;
  /** Replace every code vector by the nearest code before decoding, or do not; default: as the generator's file says. */
  readonly snap?: boolean | undefined;
}

/** What would be taken and ignored. */
export const STEPS_EXCLUSION: Exclusion<'teacherSteps' | 'steps'> = {
  option: 'teacherSteps',
  excludes: ['steps'],
  because: 'the teacher goes on from what the generator makes in one step',
};

/**
 * Checks what can be told of the preset alone, before any weights are read.
 * @throws InvalidOptionError when its sequences are not images, or the teacher cannot draw so many of
 *   its AR steps again.
 */
export function checkSampler(
  { found }: PresetContext,
  { teacher: drawer, run, weights, tokenizer, teacherSteps = 0 }: SamplerOptions,
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
  const isOfPreset = [drawer, run, weights, tokenizer].every((given) => given === undefined);
  if (isOfPreset) checkSteps(teacher.layout, teacherSteps);
}

function checkSteps({ stepLengths }: SequenceLayout, steps: number): void {
  if (Number.isInteger(steps) && steps >= 0 && steps <= stepLengths.length) return;
  throw new InvalidOptionError(
    `The teacher can draw 0 to ${stepLengths.length} of the last AR steps again, not ${steps}: ask for fewer.`,
  );
}

function teacherDraws({ teacher, teacherSteps }: SamplerOptions): boolean {
  return Boolean(teacher) || teacherSteps !== undefined;
}

/** Networks by the files that they are in; what ships is left out. */
export interface SampledFiles extends ModelFiles {
  readonly generator?: string | undefined;
  /** The generator of a run or model directory whose teacher takes no part; see `loadPresetModels`. */
  readonly statedBy?: string | undefined;
}

/**
 * The files of what draws: those of the run that is named, which remembers its networks, with those
 * that are given on top.
 * @param besideTeacher whether the teacher takes part as well where the options alone leave it out.
 * @throws InvalidOptionError when there is no such run, or it has no generator yet; Error when it is a
 *   run of something else, or a network has changed since.
 */
export async function sampledFiles(
  context: PresetContext,
  options: SamplerOptions,
  besideTeacher = false,
): Promise<SampledFiles> {
  const { teacher, tokenizer, weights } = options;
  const withTeacher = besideTeacher || teacherDraws(options);
  const given = { tokenizer, ...(typeof teacher === 'string' ? { teacher } : {}) };
  const named = namedRun(options, context);
  if (!named) return besideGenerator(weights, given, withTeacher);
  const { folder, flag } = named;
  const networks = readRun(DISTILLATION, context, folder, flag);
  const files = await filesToDraw(context, { folder, networks }, given, withTeacher);
  const generator = generatorOfRun(folder);
  const isStated = !withTeacher && files.teacher === undefined;
  return { ...files, generator, ...(isStated ? { statedBy: generator } : {}) };
}

/** A generator that is given, and the tokenizer of its model directory where no other is. */
async function besideGenerator(
  generator: string | undefined,
  given: ModelFiles,
  withTeacher: boolean,
): Promise<SampledFiles> {
  if (generator === undefined || !isModelDirectory(generator)) return { ...given, generator };
  const { files, generator: held } = networksIn(generator, await describeModelDirectory(generator));
  return {
    ...given,
    generator,
    ...(given.tokenizer === undefined ? { tokenizer: files.tokenizer } : {}),
    ...(withTeacher ? {} : { statedBy: held }),
  };
}

/** The networks that images are drawn from; the teacher's weights only where it takes part. */
export function loadSampledModels(
  context: PresetContext,
  files: SampledFiles,
  options: SamplerOptions,
  besideTeacher = false,
): Promise<PresetModels> {
  return loadPresetModels(context, files, {
    teacherWeights: besideTeacher || teacherDraws(options),
    statedBy: files.statedBy,
  });
}

/** What draws sequences, and what makes images of them. */
export interface OpenedSampler {
  readonly sequences: SequenceSampler;
  readonly decoder: Decoder;
}

/** The generator, the teacher, or the generator whose last AR steps the teacher draws again. */
export async function openSampler(
  context: PresetContext,
  models: PresetModels,
  files: SampledFiles,
  options: SamplerOptions,
  batchSize: number,
): Promise<OpenedSampler> {
  const { compiler, found } = context;
  const { teacher, teacherWeights } = models;
  const { teacherSteps: steps = 0 } = options;
  if (options.teacher && steps === 0) {
    tellTeacher(context, files);
    const sequences = await teacher.createSampler(compiler, teacherWeights, batchSize);
    return { sequences, decoder: imageDecoder(context, models) };
  }
  if (steps > 0) checkSteps(teacher.layout, steps);
  const loaded = await loadGenerator(context, models, files.generator, options.steps);
  const decoder = imageDecoder(context, models, options.snap ?? loaded.isSnapped);
  if (steps === 0) {
    return {
      sequences: await generatorSampler(compiler, loaded, batchSize, options.steps),
      decoder,
    };
  }
  if (!isDiscrete(teacher)) {
    throw new InvalidOptionError(
      `The teacher of "${found.backbone.name}" has no tokens to draw again: leave out the teacher's steps.`,
    );
  }
  tellTeacher(context, files);
  const refined = { ...loaded, teacher, teacherWeights, steps, batchSize };
  return { sequences: await compileRefinement(refined, compiler), decoder };
}

function tellTeacher({ found, emit }: PresetContext, { teacher }: SampledFiles): void {
  const file = teacher ?? found.preset.weights?.teacher;
  if (file === undefined) return;
  emit({ kind: 'teacher', file, ...(teacher === undefined ? { preset: found.name } : {}) });
}
