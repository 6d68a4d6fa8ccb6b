import type { ServiceContainer } from '@ar-distill/di';
import { textTable, type MetricColumn, type ResultRow } from '@ar-distill/evaluation/report';
import { adaptationSettingsSchema, type TokenSequences } from '@ar-distill/core/methods';
import type { Run } from '@ar-distill/runs';
import { openContext, type PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { checkImageCount } from '../evaluate/image-count';
import {
  checkEvaluator,
  datasetOf,
  imagesOf,
  openEvaluator,
  whyNotMeasured,
} from '../evaluate/image-evaluator';
import type { WorkflowOptions } from '../events';
import { loadPresetModels, type ModelFiles, type PresetModels } from '../models/preset-models';
import { resolvePreset, type PresetChoice } from '../models/resolve-preset';
import { refuseOtherSampling, type TeacherSamplingChoice } from '../models/teacher-sampling';
import { ADAPTED, TEACHER } from '../report/row-names';
import { placedProgress, type Surroundings } from '../runs/placed-stages';
import { refuseOther, refuseOtherPlace, resumedSettings } from '../runs/resumed-settings';
import { TEACHER_FILE } from '../runs/run-files';
import { ADAPTATION, readRun, type ConfigOf } from '../runs/run-kinds';
import { filesOf, networksOf, networksToResume } from '../runs/run-networks';
import { RUN_VERSION } from '../runs/run-version';
import { workInRun, type RunChoice, type RunPlan } from '../runs/work-in-run';
import { imageBatch } from '../sample/batch-sizes';
import { decoderOf } from '../sample/decoder';
import { drawFrom } from '../sample/draw-from';
import { checkCount } from '../settings/check-option';
import type { Tree } from '../settings/merge';
import { labelledTokens } from '../train/tokenize';
import {
  adaptationSettings,
  adaptModels,
  checkAdaptationMemory,
  neededAdaptation,
  RESUMABLE_ADAPTATION,
  type Adaptation,
} from './adapt-models';
import { describeAdaptation } from './describe-adaptation';

const BATCH = 250;
const SAMPLES = 10_000;

/** Options of `adapt`. */
export interface AdaptOptions extends PresetChoice, ModelFiles, RunChoice, TeacherSamplingChoice {
  /** Fine-tune on this data set instead of sequences that the teacher draws. */
  readonly data?: string | undefined;
  /** Images that both teachers are measured with; default 10,000. */
  readonly samples?: number | undefined;
  /** Overrides of the settings. */
  readonly settings?: Tree | undefined;
}

/** Rows with how they are shown. */
export interface MeasuredRows {
  readonly rows: readonly ResultRow[];
  readonly columns: readonly MetricColumn[];
  /** Per row. */
  readonly samples: number;
}

/** An adaptation that has ended. */
export interface AdaptResult extends Pick<Adaptation, 'relativeError' | 'regressed' | 'fineTuned'> {
  /** Run directory. */
  readonly run: string;
  /** The adapted teacher's file. */
  readonly weights: string;
  /** `plugin:preset` that it is a teacher of. */
  readonly preset: string;
  /** The tokenizer that it was adapted with, where it is not the one that ships. */
  readonly tokenizer?: string | undefined;
  /** Both teachers' images, where a feature network can measure them. */
  readonly table?: MeasuredRows;
}

type AdaptConfig = ConfigOf<typeof ADAPTATION>;

/**
 * Adapts a teacher that reads tokens to continuous code vectors, and says what it kept of the
 * teacher's quality: next-token distributions, and images where they can be measured.
 */
export async function adapt(
  container: ServiceContainer,
  options: AdaptOptions,
  workflow: WorkflowOptions = {},
): Promise<AdaptResult> {
  const context = await resolvePreset(openContext(container, workflow), options, {
    teacherDraws: true,
  });
  const { found } = context;
  if (!found.backbone.adaptation) {
    throw new InvalidOptionError(
      `Teachers of the backbone "${found.backbone.name}" read code vectors as they are: distil "${found.name}" without adapting it.`,
    );
  }
  const { resume } = options;
  const plan = resume
    ? await resumedPlan(context, resume, options)
    : { slug: `adapt-${found.name}`, config: newConfig(context, options) };
  const files = resume ? filesOf(plan.config) : options;
  // Checked before a run directory is made.
  const models = await modelsToAdapt(context, files);
  const { settings, data } = plan.config;
  checkAdaptationMemory(models.teacher, settings, data === undefined);
  const decoder = decoderOf(models);
  if (decoder) {
    const images = imagesOf({ teacher: models.teacher, tokenizer: decoder.tokenizer });
    checkImageCount(context, images, plan.config.samples);
    await checkEvaluator(context, images);
  }
  const config = { ...plan.config, ...(resume ? {} : await networksOf(context, files)) };
  return workInRun(context, ADAPTATION, options, { ...plan, config }, (run, own) =>
    adaptInRun(own, models, run),
  );
}

/** The run's config with what was given now and may change on top; see `resumedPlan` of distillations. */
async function resumedPlan(
  context: PresetContext,
  folder: string,
  options: AdaptOptions,
): Promise<RunPlan<AdaptConfig>> {
  const made = readRun(ADAPTATION, context, folder, '--resume');
  refuseOtherPlace(folder, options);
  refuseOther(folder, 'The data set', made.data, options.data);
  refuseOtherSampling(folder, made.teacherSampling, context.found);
  const { samples = made.samples } = options;
  checkCount('The number of samples', samples);
  const settings = resumedSettings(
    {
      folder,
      result: TEACHER_FILE,
      whose: 'adaptation',
      schema: adaptationSettingsSchema,
      made: made.settings,
      resumable: RESUMABLE_ADAPTATION,
    },
    options.settings,
    (sentence) => context.progress.message(sentence),
  );
  const networks = await networksToResume(context, { folder, networks: made }, options);
  return {
    slug: `adapt-${context.found.name}`,
    config: { ...made, ...networks, samples, settings },
    made,
  };
}

async function adaptInRun(
  context: PresetContext,
  models: PresetModels,
  run: Run<AdaptConfig>,
): Promise<AdaptResult> {
  const { settings, data, samples, plugin, preset } = run.config;
  const rng = context.createRng(settings.seed);
  const sequences = data === undefined ? undefined : await tokensOf(context, models, data);
  const measuring: Surroundings['after'] = isMeasured(context, models) ? [{}] : [];
  const task = { models, settings, sequences, run, rng, after: measuring };
  const outcome = await adaptModels(context, task);
  context.emit({ kind: 'trained' });
  const place = { number: outcome.stages + 1, of: outcome.stages + 1 };
  const table = await measureTeachers(
    { ...context, progress: placedProgress(context.progress, place) },
    outcome,
    samples,
    settings.seed,
  );
  const lines = describeAdaptation(outcome);
  if (table) lines.push('', textTable(table.rows, table.columns), '', `${samples} samples a row.`);
  await run.writeFile('adaptation.txt', Buffer.from(`${lines.join('\n')}\n`));
  const { relativeError, regressed, fineTuned, file } = outcome;
  return {
    run: run.path,
    weights: file,
    preset: `${plugin}:${preset}`,
    tokenizer: filesOf(run.config).tokenizer,
    relativeError,
    regressed,
    fineTuned,
    ...(table ? { table } : {}),
  };
}

function newConfig(
  context: PresetContext,
  { data, samples = SAMPLES, settings }: AdaptOptions,
): AdaptConfig {
  checkCount('The number of samples', samples);
  return {
    version: RUN_VERSION,
    command: 'adapt',
    plugin: context.found.plugin,
    preset: context.found.name,
    ...(data === undefined ? {} : { data: datasetOf(context, data).name }),
    samples,
    teacherSampling: { ...context.found.preset.teacherSampling },
    settings: adaptationSettings(context, settings),
  };
}

async function modelsToAdapt(context: PresetContext, files: ModelFiles): Promise<PresetModels> {
  const models = await loadPresetModels(context, files);
  if (neededAdaptation(context, models)) return models;
  throw new InvalidOptionError(
    `The teacher ${files.teacher ? `"${files.teacher}"` : `of "${context.found.name}"`} reads code vectors already: distil it as it is.`,
  );
}

async function tokensOf(
  context: PresetContext,
  { tokenizer }: PresetModels,
  data: string,
): Promise<TokenSequences> {
  if (!tokenizer) {
    throw new InvalidOptionError(
      `The backbone "${context.found.backbone.name}" has no tokenizer: fine-tune on the teacher's own sequences and leave "data" out.`,
      { options: ['data'] },
    );
  }
  const { train } = await datasetOf(context, data).open();
  return labelledTokens(context, tokenizer, train);
}

/** Whether both teachers' images will be measured. */
function isMeasured(context: PresetContext, models: PresetModels): boolean {
  const decoder = decoderOf(models);
  if (!decoder) return false;
  const images = imagesOf({ teacher: models.teacher, tokenizer: decoder.tokenizer });
  return whyNotMeasured(context, images) === undefined;
}

/** Images of both teachers, with the same uniform numbers; undefined where nothing can measure them. */
async function measureTeachers(
  context: PresetContext,
  { original, adapted }: Adaptation,
  samples: number,
  seed: number,
): Promise<MeasuredRows | undefined> {
  const decoder = decoderOf(original);
  if (!decoder || !isMeasured(context, original)) return undefined;
  const measured = imagesOf({ teacher: original.teacher, tokenizer: decoder.tokenizer });
  const { condition: space } = original.teacher;
  const evaluator = await openEvaluator(context, measured);
  const row = async (name: string, { teacher, teacherWeights }: PresetModels) => {
    const wanted = Math.min(BATCH, samples);
    const batchSize = imageBatch(teacher.layout, decoder.tokenizer.imageShape, wanted);
    const sequences = await teacher.createSampler(context.compiler, teacherWeights, batchSize);
    const condition = space.inTurn(0, samples);
    const rng = context.createRng(seed);
    const request = { name, condition, count: samples, rng };
    const { images, evaluations } = await drawFrom(sequences, decoder, request, context);
    const { values } = await evaluator.evaluate(images, condition);
    return { name, evaluations, values };
  };
  try {
    const rows: ResultRow[] = [await row(TEACHER, original), await row(ADAPTED, adapted)];
    return { rows, columns: evaluator.columns, samples };
  } finally {
    await evaluator.dispose();
  }
}
