import { classesOf, ofClasses } from '@ar-distill/core';
import { readImagesNpz } from '@ar-distill/datasets';
import { METRICS, type ServiceContainer } from '@ar-distill/di';
import { formatValue } from '@ar-distill/evaluation/report';
import { openContext, type PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import type { WorkflowOptions } from '../events';
import { loadTokenizer } from '../models/preset-models';
import { resolvePreset, type PresetChoice } from '../models/resolve-preset';
import type { TeacherSamplingChoice } from '../models/teacher-sampling';
import { imageBatch } from '../sample/batch-sizes';
import { imageDecoder } from '../sample/decoder';
import { drawFrom } from '../sample/draw-from';
import type { DrawnImages } from '../sample/draw-images';
import {
  loadSampledModels,
  openSampler,
  sampledFiles,
  type SamplerOptions,
} from '../sample/open-sampler';
import { checkCount, checkFile } from '../settings/check-option';
import { namedOption } from '../settings/named-option';
import { type Exclusion, refuseTogether } from '../settings/refuse-together';
import { reconstructImages } from '../train/tokenize';
import { checkImageCount } from './image-count';
import { firstOf } from './first-of';
import {
  checkEvaluator,
  datasetOf,
  type EvaluatedImages,
  imagesOf,
  imagesOfPreset,
  openEvaluator,
  whyNotMeasured,
} from './image-evaluator';

const BATCH = 250;
const SAMPLES = 10_000;

/** Options of `evaluate`. */
export interface EvaluateOptions extends PresetChoice, SamplerOptions, TeacherSamplingChoice {
  /** Measure the tokenizer's reconstructions of the test set instead. */
  readonly reconstruction?: boolean | undefined;
  /** Measure the images of this .npz file instead. */
  readonly npz?: string | undefined;
  /** Images that are drawn, default 10,000; of reconstructions at most, default all. */
  readonly samples?: number | undefined;
  /** Default 0. */
  readonly seed?: number | undefined;
  /** Metrics by name; default: the preset's, or all that can be computed. */
  readonly metrics?: readonly string[] | undefined;
}

/** What would be taken and ignored. */
const EXCLUSIONS: readonly Exclusion<
  'npz' | 'reconstruction' | 'run' | 'teacher' | 'weights' | 'tokenizer' | 'samples' | 'seed'
>[] = [
  {
    option: 'npz',
    excludes: ['reconstruction', 'run', 'teacher', 'weights', 'tokenizer', 'samples', 'seed'],
    because: 'the images of the file are measured as they are',
  },
  {
    option: 'reconstruction',
    excludes: ['teacher', 'weights', 'seed'],
    because: 'nothing is drawn then',
  },
];

/** Unless the teacher only draws the last steps of the generator's images. */
const TEACHER_EXCLUSIONS: typeof EXCLUSIONS = [
  { option: 'teacher', excludes: ['weights'], because: 'the teacher draws without a generator' },
];

/** One figure for people. */
export interface Figure {
  readonly title: string;
  readonly text: string;
}

/** How good images are. */
export interface EvaluateResult {
  readonly count: number;
  /** Values of all metrics, by name. */
  readonly values: Readonly<Record<string, number>>;
  /** The values that tables show, as they show them. */
  readonly figures: readonly Figure[];
  /** What they were measured with. */
  readonly definition: string;
}

/** Measures a generator, the teacher, the tokenizer's reconstructions or images in a file. */
export async function evaluate(
  container: ServiceContainer,
  options: EvaluateOptions,
  run: WorkflowOptions = {},
): Promise<EvaluateResult> {
  refuseTogether(options, EXCLUSIONS);
  if (!options.teacherSteps) refuseTogether(options, TEACHER_EXCLUSIONS);
  if (options.npz !== undefined) checkFile(options.npz);
  checkCount('The number of samples', options.samples ?? SAMPLES);
  const context = measuringBy(
    await resolvePreset(openContext(container, run), options),
    options.metrics,
  );
  checkMeasurable(context, options);
  const { images, condition } = await imagesToMeasure(context, options);
  const measured = {
    imageShape: images.shape.slice(1),
    labels: classesOf(condition) !== undefined,
  };
  // Of a file it shows only now how many there are, and their classes may come in any order.
  checkImageCount(context, measured, images.shape[0]!);
  const evaluator = await openEvaluator(context, measured);
  const { count, values } = await evaluator
    .evaluate(images, condition)
    .finally(() => evaluator.dispose());
  const figures = evaluator.columns.flatMap((column) => {
    const value = values[column.name];
    return value === undefined ? [] : [{ title: column.title, text: formatValue(column, value) }];
  });
  return { count, values, figures, definition: evaluator.provider.definition };
}

/** The preset with other metrics than it names itself. */
function measuringBy(
  context: PresetContext,
  metrics: readonly string[] | undefined,
): PresetContext {
  const { container, found } = context;
  const { evaluation, ...preset } = found.preset;
  if (metrics === undefined || !evaluation) return context;
  const registered = container.resolveAll(METRICS);
  for (const name of metrics) namedOption('metric', registered, name);
  const measured = { ...preset, evaluation: { ...evaluation, metrics } };
  return { ...context, found: { ...found, preset: measured } };
}

/** Throws when the preset's images are none that its feature network knows, or too few. */
function checkMeasurable(
  context: PresetContext,
  { npz, reconstruction, samples = SAMPLES }: EvaluateOptions,
): void {
  const images = imagesOfPreset(context.found);
  if (npz !== undefined || images === undefined) return;
  const labels = images.labels || Boolean(reconstruction);
  const reason = whyNotMeasured(context, { ...images, labels });
  if (reason !== undefined) {
    throw new InvalidOptionError(`${reason.replace(/[.?]$/, '')}; sample them to look at them.`);
  }
  checkImageCount(context, images, samples);
}

async function imagesToMeasure(
  context: PresetContext,
  options: EvaluateOptions,
): Promise<DrawnImages> {
  if (options.npz !== undefined) {
    const { images, labels } = await readImagesNpz(options.npz);
    checkArchive(context, options.npz, { imageShape: images.shape.slice(1), labels: !!labels });
    return { images, condition: labels ? ofClasses(labels) : {} };
  }
  if (options.reconstruction) return reconstructions(context, options);
  const rng = context.createRng(options.seed ?? 0);
  const files = await sampledFiles(context, options);
  const models = await loadSampledModels(context, files, options);
  const decoder = imageDecoder(context, models);
  const count = options.samples ?? SAMPLES;
  const batchSize = imageBatch(models.teacher.layout, decoder.tokenizer.imageShape, BATCH);
  const condition = models.teacher.condition.inTurn(0, count);
  const sampler = await openSampler(context, models, files, options, batchSize);
  try {
    // The files are read, and nothing is drawn yet.
    await checkEvaluator(context, imagesOf({ ...models, tokenizer: decoder.tokenizer }));
  } catch (error) {
    await sampler.dispose();
    throw error;
  }
  return drawFrom(sampler, decoder, { name: 'sample', condition, count, rng }, context);
}

function checkArchive(context: PresetContext, file: string, images: EvaluatedImages): void {
  const reason = whyNotMeasured(context, images);
  if (reason === undefined) return;
  throw new InvalidOptionError(
    `"${file}" cannot be measured, because ${reason.charAt(0).toLowerCase()}${reason.slice(1)}`,
  );
}

async function reconstructions(
  context: PresetContext,
  options: EvaluateOptions,
): Promise<DrawnImages> {
  const { name, preset } = context.found;
  if (preset.dataset === undefined) {
    throw new InvalidOptionError(
      `The preset "${name}" names no data set whose images could be reconstructed.`,
    );
  }
  const { test } = await datasetOf(context, preset.dataset).open();
  const measured = firstOf(test, options.samples);
  const files = await sampledFiles(context, options);
  const { tokenizer, weights } = await loadTokenizer(context, files.tokenizer);
  await checkEvaluator(context, { imageShape: tokenizer.imageShape, labels: true });
  return {
    images: await reconstructImages(context, tokenizer, weights, measured),
    condition: ofClasses(await measured.labels()),
  };
}
