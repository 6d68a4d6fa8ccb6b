import type { ImageSplit, ImageTokenizer } from '@ar-distill/core';
import { ofClasses } from '@ar-distill/core';
import { ShuffledImages, forBatches } from '@ar-distill/datasets';
import type { ServiceContainer } from '@ar-distill/di';
import type { HostTensor, HostTensors } from '@ar-distill/program';
import { openContext, type PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { firstOf } from '../evaluate/first-of';
import { checkImageCount } from '../evaluate/image-count';
import {
  checkEvaluator,
  imagesOfPreset,
  openEvaluator,
  whyNotMeasured,
} from '../evaluate/image-evaluator';
import { checkMeasuring, type MeasuringOptions } from '../evaluate/measuring-options';
import type { WorkflowOptions } from '../events';
import { pickParameters } from '../models/parameters';
import { presetInFile } from '../models/preset-names';
import { resolvePreset, type PresetChoice } from '../models/resolve-preset';
import { TOKENIZER_TRAINING } from '../runs/run-kinds';
import { RUN_VERSION } from '../runs/run-version';
import {
  saveTrained,
  trainInRun,
  type SupervisedOptions,
  type TrainingResult,
} from './supervised-run';
import { reconstructImages } from './tokenize';
import { trainingData } from './training-data';

/** Options of `trainTokenizer`. */
export interface TrainTokenizerOptions extends SupervisedOptions, MeasuringOptions, PresetChoice {}

/** Trains the preset's tokenizer on its data set and measures its reconstructions of the test set. */
export async function trainTokenizer(
  container: ServiceContainer,
  options: TrainTokenizerOptions,
  run: WorkflowOptions = {},
): Promise<TrainingResult> {
  checkMeasuring(options);
  const context = await resolvePreset(openContext(container, run), options);
  const { found } = context;
  const { preset, backbone } = found;
  if (!backbone.createTokenizer || !backbone.createTokenizerTask) {
    throw new InvalidOptionError(`The preset "${found.name}" has no tokenizer to train here.`);
  }
  const { settings, dataset } = await trainingData(context, 'tokenizer');
  const measured = firstOf(dataset.test, options.samples);
  const images = imagesOfPreset(found);
  if (options.report !== false && images !== undefined) {
    checkImageCount(context, images, measured.count);
    await checkEvaluator(context, { ...images, labels: true });
  }
  return trainInRun(
    context,
    {
      kind: TOKENIZER_TRAINING,
      name: 'tokenizer',
      slug: `tokenizer-${found.name}`,
      config: (settings) => ({
        version: RUN_VERSION,
        command: 'train tokenizer',
        plugin: found.plugin,
        preset: found.name,
        settings,
      }),
      task: backbone.createTokenizerTask(preset.architecture),
      settings,
      batches: (rng, { batchSize }) => {
        const shuffled = new ShuffledImages(rng, dataset.train, batchSize);
        return async (iteration) => ({ images: (await shuffled.read(iteration)).images });
      },
    },
    options,
    async (trained) => {
      const architecture =
        backbone.fitTokenizer?.(preset.architecture, trained.weights) ?? preset.architecture;
      const tokenizer = backbone.createTokenizer!(architecture);
      const weights = pickParameters('tokenizer', tokenizer.parameterSpecs, [trained.weights]);
      const saved = await saveTrained(trained, {
        kind: 'tokenizer',
        plugin: backbone.name,
        preset: presetInFile(backbone.name, found),
        architecture,
        tensors: weights,
        measured:
          options.report === false
            ? {}
            : await measureTokenizer(context, tokenizer, weights, measured),
      });
      return { ...saved, preset: `${found.plugin}:${found.name}` };
    },
  );
}

/** Quality of the reconstructions of the test set; figures where there is a feature network. */
async function measureTokenizer(
  context: PresetContext,
  tokenizer: ImageTokenizer,
  weights: Readonly<HostTensors>,
  test: ImageSplit,
): Promise<Record<string, number>> {
  const images = await reconstructImages(context, tokenizer, weights, test);
  const meanSquaredError = await meanSquareDifference(images, test);
  const measured = { imageShape: tokenizer.imageShape, labels: true };
  if (whyNotMeasured(context, measured) !== undefined) return { meanSquaredError };
  const evaluator = await openEvaluator(context, measured);
  const labels = ofClasses(await test.labels());
  const { values } = await evaluator.evaluate(images, labels).finally(() => evaluator.dispose());
  const reconstruction = Object.entries(values).map(([name, value]) => [
    `reconstruction.${name}`,
    value,
  ]);
  return { meanSquaredError, ...Object.fromEntries(reconstruction) };
}

const BATCH = 100;

async function meanSquareDifference(images: HostTensor, split: ImageSplit): Promise<number> {
  let squares = 0;
  await forBatches(split, BATCH, async (batch, first, kept) => {
    const size = batch.images.data.length / BATCH;
    for (let i = 0; i < kept * size; i++) {
      squares += (images.data[first * size + i]! - batch.images.data[i]!) ** 2;
    }
  });
  return squares / images.data.length;
}
