import path from 'node:path';
import { DiscreteScoreTeacher, PLAIN_SAMPLING, type TeacherAdaptation } from '@ar-distill/core';
import {
  type AdaptationSettings,
  adaptationSettingsSchema,
  adaptTeacher,
  type LoadedTeacher,
  splitSequences,
  teacherFidelity,
  type TeacherFidelity,
  type TokenSequences,
} from '@ar-distill/core/methods';
import { TrainingInterruptedError } from '@ar-distill/core/optimization';
import { createTeacherPool } from '@ar-distill/core/sampling';
import type { HostTensors, Rng } from '@ar-distill/program';
import { type Run, saveModel } from '@ar-distill/runs';
import {
  type LoadedTokenizer,
  pickParameters,
  type PresetModels,
  presetOf,
} from '../models/models';
import { TEACHER_FILE } from '../run-folders';
import { sequenceBatch } from '../sample/batch-sizes';
import { labelledTokens } from '../train/labelled-tokens';
import type { AdaptationOverrides, RecipeContext } from '../types';

const SAMPLER_BATCH = 256;
const SEQUENCES = 'adaptation-sequences';

/** What the adaptation of a preset's teacher starts from. */
export interface AdaptationTask {
  readonly models: PresetModels;
  readonly settings: AdaptationSettings;
  /** Fine-tune on this data set instead of the teacher's own sequences. */
  readonly data?: 'mnist' | undefined;
  readonly run: Run;
  readonly rng: Rng;
}

/** An adapted teacher beside the original, and how close it stayed. */
export interface Adaptation {
  readonly original: PresetModels;
  readonly adapted: PresetModels;
  readonly settings: AdaptationSettings;
  /** Squared error of the regression over the embedding table's squared norm. */
  readonly relativeError: number;
  /** After the regression alone. */
  readonly regressed: TeacherFidelity;
  /** After the fine-tuning. */
  readonly fineTuned: TeacherFidelity;
  /** Where the fine-tuning's sequences come from. */
  readonly data: 'mnist' | 'teacher';
  /** Seconds to get these sequences. */
  readonly sequenceSeconds: number;
  /** The adapted teacher's file. */
  readonly file: string;
}

/** The plugin's adaptation, when the teacher of `models` needs it. */
export function neededAdaptation(
  { plugin }: RecipeContext,
  { architecture }: PresetModels,
): TeacherAdaptation<unknown> | undefined {
  return plugin.adaptation?.isNeeded(architecture) ? plugin.adaptation : undefined;
}

/** Settings of an adaptation: the preset's with overrides on top. */
export function adaptationSettings(
  context: RecipeContext,
  overrides: AdaptationOverrides,
): AdaptationSettings {
  const { adaptation } = presetOf(context);
  if (!adaptation) {
    throw new Error(
      `The preset "${context.presetName}" has no settings for the adaptation of its teacher.`,
    );
  }
  return adaptationSettingsSchema.parse({
    ...adaptation,
    ...overrides,
    regression: { ...adaptation.regression, ...overrides.regression },
    fineTuning: { ...adaptation.fineTuning, ...overrides.fineTuning },
  });
}

/**
 * Adapts the teacher to continuous input, saves it as a model file that `--teacher` takes, and
 * compares it with the original on sequences that it was not fine-tuned on. Parts that the run
 * directory holds are not done again.
 */
export async function adaptModels(
  context: RecipeContext,
  adaptation: TeacherAdaptation<unknown>,
  { models, settings, data, run, rng }: AdaptationTask,
): Promise<Adaptation> {
  const { compiler, progress, signal } = context;
  const environment = { run, progress, signal };
  const original = plainTeacher(context, models.architecture, models.teacherWeights);
  const started = performance.now();
  const sequences = data
    ? await labelledTokens(context, tokenizerOf(context, models))
    : await ownSequences(original, settings, { context, run, rng });
  const sequenceSeconds = (performance.now() - started) / 1000;
  const fineTuningCount = sequences.labels.shape[0]! - settings.heldOut;
  if (fineTuningCount < 1) {
    throw new Error(
      `The data have ${sequences.labels.shape[0]} sequences: set "heldOut" below that.`,
    );
  }
  const [training, heldOut] = splitSequences(sequences, fineTuningCount);

  const { architecture, teacherWeights } = models;
  const result = await adaptTeacher(
    { adaptation, architecture, teacherWeights, sequences: training, settings },
    compiler,
    rng,
    environment,
  );
  const continuous = adaptation.adaptedArchitecture(architecture);
  const compare = async (weights: HostTensors): Promise<TeacherFidelity> => {
    if (signal.aborted) throw new TrainingInterruptedError('adaptation', 0, 1);
    const { batchSize } = settings.fineTuning;
    const other = plainTeacher(context, continuous, weights);
    return teacherFidelity(original, other, heldOut, batchSize, compiler);
  };
  const regressed = await compare(result.regressedWeights);
  const fineTuned = await compare(result.weights);
  const adapted = withTeacher(context, models, continuous, result.weights);
  const outcome = { relativeError: result.relativeError, regressed, fineTuned };
  const file = await saveAdapted(context, adapted, settings, outcome, run);
  return {
    ...outcome,
    original: models,
    adapted,
    settings,
    data: data ?? 'teacher',
    sequenceSeconds,
    file,
  };
}

/** What the adaptation kept of the teacher, in sentences. */
export function describeAdaptation({
  relativeError,
  regressed,
  fineTuned,
}: Pick<Adaptation, 'relativeError' | 'regressed' | 'fineTuned'>): string[] {
  const figures = ({ crossEntropy, divergence }: TeacherFidelity): string =>
    `${crossEntropy.toFixed(4)} (divergence from the original ${divergence.toPrecision(2)})`;
  return [
    `Regression of the embedding table: relative squared error ${(100 * relativeError).toPrecision(2)}%`,
    'Cross-entropy on held-out sequences, nats per token: ' +
      `original ${fineTuned.originalCrossEntropy.toFixed(4)}, ` +
      `after the regression ${figures(regressed)}, after fine-tuning ${figures(fineTuned)}`,
  ];
}

/** A teacher with its undistorted distribution; throws when it has no tokens to compare. */
function plainTeacher(
  { plugin }: RecipeContext,
  architecture: unknown,
  weights: HostTensors,
): LoadedTeacher {
  const teacher = plugin.createTeacher(architecture, PLAIN_SAMPLING);
  if (!(teacher instanceof DiscreteScoreTeacher)) {
    throw new Error(
      `The teacher of "${plugin.name}" has no tokens: its plugin must not offer an adaptation.`,
    );
  }
  return { teacher, weights: pickParameters('teacher', teacher.parameterSpecs, [weights]) };
}

function tokenizerOf({ plugin }: RecipeContext, { tokenizer }: PresetModels): LoadedTokenizer {
  if (tokenizer) return tokenizer;
  throw new Error(
    `The plugin "${plugin.name}" has no tokenizer: fine-tune on the teacher's own sequences, without --data.`,
  );
}

async function ownSequences(
  { teacher, weights }: LoadedTeacher,
  { sequences, heldOut }: AdaptationSettings,
  { context, run, rng }: { readonly context: RecipeContext; readonly run: Run; readonly rng: Rng },
): Promise<TokenSequences> {
  const { compiler, progress, signal, plugin } = context;
  const { tokens, labels } = await createTeacherPool(
    {
      teacher,
      teacherWeights: weights,
      size: sequences + heldOut,
      batchSize: sequenceBatch(teacher.layout, SAMPLER_BATCH),
      name: SEQUENCES,
    },
    compiler,
    rng,
    { run, progress, signal },
  );
  if (!tokens) throw new Error(`The sampler of "${plugin.name}" does not say its tokens.`);
  return { tokens, labels };
}

function withTeacher(
  { plugin }: RecipeContext,
  models: PresetModels,
  architecture: unknown,
  weights: HostTensors,
): PresetModels {
  const teacher = plugin.createTeacher(architecture, models.sampling);
  return {
    ...models,
    architecture,
    teacher,
    teacherWeights: pickParameters('adapted teacher', teacher.parameterSpecs, [weights]),
    network: plugin.createNetwork(architecture),
  };
}

async function saveAdapted(
  { plugin, presetName }: RecipeContext,
  { architecture, teacherWeights }: PresetModels,
  { fineTuning, seed }: AdaptationSettings,
  { relativeError, fineTuned }: Pick<Adaptation, 'relativeError' | 'fineTuned'>,
  run: Run,
): Promise<string> {
  const file = path.join(run.path, TEACHER_FILE);
  await saveModel(
    file,
    {
      kind: 'teacher',
      plugin: plugin.name,
      preset: presetName,
      architecture,
      tensors: teacherWeights,
      provenance: {
        seed,
        fineTuningIterations: fineTuning.iterations,
        relativeError,
        originalCrossEntropy: fineTuned.originalCrossEntropy,
        crossEntropy: fineTuned.crossEntropy,
      },
    },
    { halfPrecision: true },
  );
  return file;
}
