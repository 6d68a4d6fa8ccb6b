import path from 'node:path';
import type { ServiceContainer } from '@ar-distill/di';
import { textTable, type MetricColumn, type ResultRow } from '@ar-distill/evaluation/report';
import type { TokenSequences } from '@ar-distill/core/methods';
import type { Run } from '@ar-distill/runs';
import { openContext, type PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { checkImageCount } from '../evaluate/image-count';
import { datasetOf, imagesOf, openEvaluator, whyNotMeasured } from '../evaluate/image-evaluator';
import type { WorkflowOptions } from '../events';
import { loadPresetModels, type ModelFiles, type PresetModels } from '../models/preset-models';
import { resolvePreset, type PresetChoice } from '../models/resolve-preset';
import { ADAPTED, TEACHER } from '../report/row-names';
import { ADAPTATION, readRunToResume, type ConfigOf } from '../runs/run-kinds';
import { workInRun, type RunChoice } from '../runs/work-in-run';
import { imageBatch } from '../sample/batch-sizes';
import { decoderOf } from '../sample/decoder';
import { drawFrom } from '../sample/draw-from';
import { checkCount } from '../settings/check-option';
import type { Tree } from '../settings/merge';
import { labelledTokens } from '../train/tokenize';
import { adaptationSettings, adaptModels, neededAdaptation, type Adaptation } from './adapt-models';
import { describeAdaptation } from './describe-adaptation';

const BATCH = 250;
const SAMPLES = 10_000;

/** Options of `adapt`. */
export interface AdaptOptions extends PresetChoice, ModelFiles, RunChoice {
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
  const context = await resolvePreset(openContext(container, workflow), options);
  const { found } = context;
  if (!found.backbone.adaptation) {
    throw new InvalidOptionError(
      `Teachers of the backbone "${found.backbone.name}" read code vectors as they are: distil "${found.name}" without adapting it.`,
    );
  }
  const planned = options.resume
    ? readRunToResume(ADAPTATION, context, options.resume, options)
    : newConfig(context, options);
  // Checked before a run directory is made.
  const models = await modelsToAdapt(context, planned);
  const decoder = decoderOf(models);
  if (decoder) {
    const images = imagesOf({ teacher: models.teacher, tokenizer: decoder.tokenizer });
    checkImageCount(context, images, planned.samples);
  }
  const making = { slug: `adapt-${found.name}`, config: planned };
  return workInRun(context, ADAPTATION, options, making, (run, own) =>
    adaptInRun(own, models, run),
  );
}

async function adaptInRun(
  context: PresetContext,
  models: PresetModels,
  run: Run<AdaptConfig>,
): Promise<AdaptResult> {
  const { settings, data, samples } = run.config;
  const rng = context.createRng(settings.seed);
  const sequences = data === undefined ? undefined : await tokensOf(context, models, data);
  const outcome = await adaptModels(context, { models, settings, sequences, run, rng });
  const table = await measureTeachers(context, outcome, samples, settings.seed);
  const lines = describeAdaptation(outcome);
  if (table) lines.push('', textTable(table.rows, table.columns), '', `${samples} samples a row.`);
  await run.writeFile('adaptation.txt', Buffer.from(`${lines.join('\n')}\n`));
  const { relativeError, regressed, fineTuned, file } = outcome;
  return {
    run: run.path,
    weights: file,
    relativeError,
    regressed,
    fineTuned,
    ...(table ? { table } : {}),
  };
}

function newConfig(
  context: PresetContext,
  { teacher, tokenizer, data, samples = SAMPLES, settings }: AdaptOptions,
): AdaptConfig {
  checkCount('The number of samples', samples);
  return {
    command: 'adapt',
    plugin: context.found.plugin,
    preset: context.found.name,
    ...(teacher ? { teacher: path.resolve(teacher) } : {}),
    ...(tokenizer ? { tokenizer: path.resolve(tokenizer) } : {}),
    ...(data === undefined ? {} : { data: datasetOf(context, data).name }),
    samples,
    settings: adaptationSettings(context, settings),
  };
}

async function modelsToAdapt(context: PresetContext, files: ModelFiles): Promise<PresetModels> {
  const models = await loadPresetModels(context, files);
  if (neededAdaptation(context, models)) return models;
  throw new InvalidOptionError(
    `The teacher ${files.teacher ? `"${files.teacher}"` : `of "${context.found.name}"`} reads code vectors already: give it to "ar-distill distill --teacher".`,
  );
}

async function tokensOf(
  context: PresetContext,
  { tokenizer }: PresetModels,
  data: string,
): Promise<TokenSequences> {
  if (!tokenizer) {
    throw new InvalidOptionError(
      `The backbone "${context.found.backbone.name}" has no tokenizer: fine-tune on the teacher's own sequences, without --data.`,
    );
  }
  const { train } = await datasetOf(context, data).open();
  return labelledTokens(context, tokenizer, train);
}

/** Images of both teachers, with the same uniform numbers; undefined where nothing can measure them. */
async function measureTeachers(
  context: PresetContext,
  { original, adapted }: Adaptation,
  samples: number,
  seed: number,
): Promise<MeasuredRows | undefined> {
  const decoder = decoderOf(original);
  if (!decoder) return undefined;
  const measured = imagesOf({ teacher: original.teacher, tokenizer: decoder.tokenizer });
  if (whyNotMeasured(context, measured) !== undefined) return undefined;
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
