import { classesOf, ofClasses } from '@ar-distill/core';
import { readImagesNpz } from '@ar-distill/datasets';
import type { ServiceContainer } from '@ar-distill/di';
import { formatValue } from '@ar-distill/evaluation/report';
import { openContext, type PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import type { WorkflowOptions } from '../events';
import { loadTokenizer } from '../models/preset-models';
import { resolvePreset, type PresetChoice } from '../models/resolve-preset';
import type { TeacherSamplingChoice } from '../models/teacher-sampling';
import { imageBatch } from '../sample/batch-sizes';
import { imageDecoder } from '../sample/decoder';
import { drawImages, type DrawnImages } from '../sample/draw-images';
import { imageSampler } from '../sample/image-sampler';
import { loadSampledModels, openSampler, type SamplerOptions } from '../sample/open-sampler';
import { checkCount, checkFile } from '../settings/check-option';
import { reconstructImages } from '../train/tokenize';
import {
  datasetOf,
  type EvaluatedImages,
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
  /** Images that are drawn; default 10,000. */
  readonly samples?: number | undefined;
  /** Default 0. */
  readonly seed?: number | undefined;
}

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
  const context = await resolvePreset(openContext(container, run), options);
  checkCount('The number of samples', options.samples ?? SAMPLES);
  checkMeasurable(context, options);
  const { images, condition } = await imagesToMeasure(context, options);
  const evaluator = await openEvaluator(context, {
    imageShape: images.shape.slice(1),
    labels: classesOf(condition) !== undefined,
  });
  const { count, values } = await evaluator
    .evaluate(images, condition)
    .finally(() => evaluator.dispose());
  const figures = evaluator.columns.flatMap((column) => {
    const value = values[column.name];
    return value === undefined ? [] : [{ title: column.title, text: formatValue(column, value) }];
  });
  return { count, values, figures, definition: evaluator.provider.definition };
}

/** Throws when the preset's images are none that its feature network knows. */
function checkMeasurable(context: PresetContext, { npz, reconstruction }: EvaluateOptions): void {
  const images = imagesOfPreset(context.found);
  if (npz !== undefined || images === undefined) return;
  const labels = images.labels || Boolean(reconstruction);
  const reason = whyNotMeasured(context, { ...images, labels });
  if (reason === undefined) return;
  throw new InvalidOptionError(
    `${reason.replace(/\.$/, '')}; look at them with "ar-distill sample --preset ${context.found.name}".`,
  );
}

async function imagesToMeasure(
  context: PresetContext,
  options: EvaluateOptions,
): Promise<DrawnImages> {
  if (options.npz) {
    checkFile(options.npz);
    const { images, labels } = await readImagesNpz(options.npz);
    checkArchive(context, options.npz, { imageShape: images.shape.slice(1), labels: !!labels });
    return { images, condition: labels ? ofClasses(labels) : {} };
  }
  if (options.reconstruction) return reconstructions(context, options);
  const rng = context.createRng(options.seed ?? 0);
  const models = await loadSampledModels(context, options);
  const decoder = imageDecoder(context, models);
  const count = options.samples ?? SAMPLES;
  const batchSize = imageBatch(models.teacher.layout, decoder.tokenizer.imageShape, BATCH);
  const sampler = await imageSampler(
    context.compiler,
    await openSampler(context, models, options, batchSize),
    decoder,
  );
  const condition = models.teacher.condition.inTurn(0, count);
  return drawImages('sample', sampler, condition, count, rng, context).finally(() =>
    sampler.dispose(),
  );
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
  { tokenizer: file }: EvaluateOptions,
): Promise<DrawnImages> {
  const { name, preset } = context.found;
  if (preset.dataset === undefined) {
    throw new InvalidOptionError(
      `The preset "${name}" names no data set whose images could be reconstructed.`,
    );
  }
  const { test } = await datasetOf(context, preset.dataset).open();
  const { tokenizer, weights } = await loadTokenizer(context, file);
  return {
    images: await reconstructImages(context, tokenizer, weights, test),
    condition: ofClasses(await test.labels()),
  };
}
