import path from 'node:path';
import { sequenceLength, type TeacherAdaptation } from '@ar-distill/core';
import {
  ADAPTATION_STAGES,
  adaptationSettingsSchema,
  startAdaptation,
  type AdaptationSettings,
  type AdaptedTeacher,
  type TokenSequences,
} from '@ar-distill/core/methods';
import type { Rng } from '@ar-distill/program';
import { saveModel, type Run } from '@ar-distill/runs';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { pickParameters } from '../models/parameters';
import { createNetworks, type PresetModels } from '../models/preset-models';
import { presetInFile } from '../models/preset-names';
import type { ResumableSettings } from '../runs/resumed-settings';
import { TEACHER_FILE } from '../runs/run-files';
import { placedStages, type Surroundings } from '../runs/placed-stages';
import { runStages } from '../runs/run-stages';
import { checkBatches } from '../settings/check-batches';
import { checkMemory } from '../settings/check-memory';
import { resolveSettings } from '../settings/resolve-settings';
import type { Tree } from '../settings/merge';

/** Settings that a run may go on with other values of, each with the stage that reads it. */
export const RESUMABLE_ADAPTATION: ResumableSettings = {
  'regression.learningRate': ADAPTATION_STAGES.regression,
  'regression.gradientClip': ADAPTATION_STAGES.regression,
  'fineTuning.learningRate': ADAPTATION_STAGES.fineTuning,
  'fineTuning.gradientClip': ADAPTATION_STAGES.fineTuning,
};

/** What the adaptation of a preset's teacher starts from. */
export interface AdaptationTask {
  readonly models: PresetModels;
  readonly settings: AdaptationSettings;
  /** Fine-tune on these instead of the teacher's own sequences. */
  readonly sequences?: TokenSequences | undefined;
  readonly run: Run;
  readonly rng: Rng;
  /** Stages of the run after the adaptation. */
  readonly after: Surroundings['after'];
}

/** An adapted teacher beside the original, and how close it stayed. */
export interface Adaptation extends Pick<
  AdaptedTeacher,
  'relativeError' | 'regressed' | 'fineTuned'
> {
  readonly original: PresetModels;
  readonly adapted: PresetModels;
  readonly settings: AdaptationSettings;
  /** Seconds per stage. */
  readonly timings: Readonly<Record<string, number>>;
  /** Number of stages that it took. */
  readonly stages: number;
  /** The adapted teacher's file. */
  readonly file: string;
}

/** The backbone's adaptation, when the teacher of `models` needs it. */
export function neededAdaptation(
  { found }: Pick<PresetContext, 'found'>,
  { architecture }: Pick<PresetModels, 'architecture'>,
): TeacherAdaptation | undefined {
  const { adaptation } = found.backbone;
  return adaptation?.isNeeded(architecture) ? adaptation : undefined;
}

/** Settings of an adaptation: the preset's with overrides on top. */
export function adaptationSettings(
  { found }: PresetContext,
  ...overrides: readonly (Tree | undefined)[]
): AdaptationSettings {
  const { adaptation } = found.preset;
  if (adaptation === undefined) {
    throw new InvalidOptionError(
      `The preset "${found.name}" has no settings for the adaptation of its teacher: leave them out.`,
    );
  }
  return resolveSettings('adaptation', adaptationSettingsSchema, adaptation, ...overrides);
}

/**
 * Checks what the adaptation will hold in memory together, before there is a run directory.
 * @param draws whether the teacher draws the sequences; data are there already.
 * @throws InvalidOptionError naming the setting.
 */
export function checkAdaptationMemory(
  { layout }: Pick<PresetModels['teacher'], 'layout'>,
  settings: AdaptationSettings,
  draws = true,
): void {
  const tokens = sequenceLength(layout);
  const count = settings.sequences + settings.heldOut;
  const what = `All ${count} "sequences" and "heldOut" of the adaptation`;
  if (draws) checkMemory(what, count, [tokens]);
  checkBatches(settings, [tokens, layout.channels]);
}

/**
 * Adapts the teacher to continuous input, saves it as a model file that `--teacher` takes, and
 * compares it with the original on sequences that it was not fine-tuned on. Parts that the run
 * directory holds are not done again.
 */
export async function adaptModels(
  context: PresetContext,
  { models, settings, sequences, run, rng, after }: AdaptationTask,
): Promise<Adaptation> {
  const { compiler, progress, signal, found } = context;
  const { architecture, teacherWeights } = models;
  const { backbone } = found;
  const work = startAdaptation(
    { backbone, architecture, teacherWeights, settings, sequences },
    { compiler, rng },
  );
  const stages = placedStages(work.stages, { before: 0, after });
  const timings = await runStages(stages, { run, progress, signal });
  const { relativeError, regressed, fineTuned, ...result } = work.outcome();
  const adapted = withTeacher(context, models, result);
  const figures = { relativeError, regressed, fineTuned };
  const file = await saveAdapted(context, adapted, { settings, ...figures }, run);
  context.emit({ kind: 'adapted', ...figures });
  return {
    ...figures,
    original: models,
    adapted,
    settings,
    timings,
    file,
    stages: stages.length,
  };
}

function withTeacher(
  { found }: PresetContext,
  models: PresetModels,
  { architecture, weights }: Pick<AdaptedTeacher, 'architecture' | 'weights'>,
): PresetModels {
  const { backbone } = found;
  const teacher = backbone.createTeacher(architecture, models.sampling);
  return {
    ...models,
    architecture,
    teacher,
    teacherWeights: pickParameters('adapted teacher', teacher.parameterSpecs, [weights]),
    ...createNetworks(backbone, architecture),
  };
}

async function saveAdapted(
  { found }: PresetContext,
  { architecture, teacherWeights }: PresetModels,
  {
    settings,
    relativeError,
    fineTuned,
  }: Pick<Adaptation, 'settings' | 'relativeError' | 'fineTuned'>,
  run: Run,
): Promise<string> {
  const file = path.join(run.path, TEACHER_FILE);
  await saveModel(
    file,
    {
      kind: 'teacher',
      plugin: found.backbone.name,
      preset: presetInFile(found.backbone.name, found),
      architecture,
      tensors: teacherWeights,
      provenance: {
        seed: settings.seed,
        fineTuningIterations: settings.fineTuning.iterations,
        relativeError,
        originalCrossEntropy: fineTuned.originalCrossEntropy,
        crossEntropy: fineTuned.crossEntropy,
      },
    },
    { halfPrecision: true },
  );
  return file;
}
