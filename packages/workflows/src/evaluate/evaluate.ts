import { classesOf, ofClasses } from '@ar-distill/core';
import { readImagesNpz } from '@ar-distill/datasets';
import type { ServiceContainer } from '@ar-distill/di';
import { formatValue } from '@ar-distill/evaluation/report';
import { openContext, type PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import type { WorkflowOptions } from '../events';
import { loadTokenizer } from '../models/preset-models';
import { resolvePreset, type PresetChoice } from '../models/resolve-preset';
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
import { reconstructImages } from '../train/tokenize';
import { checkImageCount } from './image-count';
import { datasetOf, imagesOfPreset, openEvaluator, whyNotMeasured } from './image-evaluator';

const BATCH = 250;
const SAMPLES = 10_000;

/** Options of `evaluate`. */
export interface EvaluateOptions extends PresetChoice, SamplerOptions {
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
  const measured = {
    imageShape: images.shape.slice(1),
    labels: classesOf(condition) !== undefined,
  };
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

/** Throws when the preset's images are none that its feature network knows, or too few. */
function checkMeasurable(
  context: PresetContext,
  { npz, reconstruction, samples = SAMPLES }: EvaluateOptions,
): void {
  const images = imagesOfPreset(context.found);
  if (npz !== undefined || images === undefined) return;
  const labels = images.labels || Boolean(reconstruction);
  const reason = whyNotMeasured(context, { ...images, labels });
  if (reason === undefined) {
    if (!reconstruction) checkImageCount(context, images, samples);
    return;
  }
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
  return drawFrom(
    await openSampler(context, models, files, options, batchSize),
    decoder,
    { name: 'sample', condition, count, rng },
    context,
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
  const files = await sampledFiles(context, options);
  const { tokenizer, weights } = await loadTokenizer(context, files.tokenizer);
  return {
    images: await reconstructImages(context, tokenizer, weights, test),
    condition: ofClasses(await test.labels()),
  };
}
