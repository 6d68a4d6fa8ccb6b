import { loadMnist, toLabels } from '@ar-distill/datasets';
import {
  FID_MNIST,
  FID_MNIST_DEFINITION,
  isMnistShape,
  loadMnistEvaluator,
  MNIST_IMAGE_SHAPE,
  readImagesNpz,
  type SpeedComparison,
} from '@ar-distill/metrics';
import { createRng } from '@ar-distill/program';
import { loadGenerator } from '../models/generator-file';
import { decoderOf, loadPresetModels, loadTokenizer, presetOf } from '../models/models';
import { compareSpeed } from '../report/speed-comparison';
import { drawImages, type DrawnImages, labelsInTurn } from '../sample/draw-images';
import { loadSampledModels, openSource } from '../sample/sample';
import { reconstructImages } from '../train/tokenize';
import type { EvaluateOptions, RecipeContext, SpeedOptions } from '../types';

const BATCH = 250;
const SAMPLES = 10_000;

/** Measures a generator, the teacher, the tokenizer's reconstructions or images in a file. */
export async function evaluateModel(
  context: RecipeContext,
  options: EvaluateOptions,
): Promise<{ readonly fid: number; readonly classAccuracy: number }> {
  const { print } = context;
  checkMeasurable(context, options);
  const drawn = await imagesToMeasure(context, options);
  const evaluator = await loadMnistEvaluator(context.compiler);
  const { fid, classAccuracy, precision, recall, diversity, count } = await evaluator.evaluate(
    drawn.images,
    drawn.labels,
  );
  await evaluator.dispose();
  print(FID_MNIST_DEFINITION);
  print(`${count} images: precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}`);
  print(
    `diversity within classes: ${diversity.mean.toFixed(3)} of the test set's ` +
      `(lowest: ${diversity.lowest.toFixed(3)}, class ${diversity.lowestClass})`,
  );
  return { fid, classAccuracy };
}

/** How much faster the generator's one step is than the teacher's KV-cached sampling. */
export async function measureSpeed(
  context: RecipeContext,
  options: SpeedOptions,
): Promise<readonly SpeedComparison[]> {
  const { teacher, tokenizer } = options;
  const models = await loadPresetModels(context, {
    tokenizer,
    ...(typeof teacher === 'string' ? { teacher } : {}),
  });
  const decoder = decoderOf(models);
  if (!decoder) {
    throw new Error(`The sequences of the plugin "${context.plugin.name}" are not images.`);
  }
  const generator = await loadGenerator(context, models, options.weights);
  const rng = createRng(options.seed ?? 0);
  return compareSpeed(context.compiler, models, generator, decoder, rng);
}

/** Throws when the preset's images are none that the classifier knows. */
function checkMeasurable(context: RecipeContext, { npz }: EvaluateOptions): void {
  const { plugin, presetName } = context;
  const shape = plugin.createTokenizer?.(presetOf(context).architecture).imageShape;
  if (npz !== undefined || shape === undefined || isMnistShape(shape)) return;
  throw new Error(
    `The images of "${presetName}" are ${shape.join('×')}, but ${FID_MNIST} measures ${MNIST_IMAGE_SHAPE.join('×')} digits: look at them with "ar-distill sample --preset ${presetName}".`,
  );
}

async function imagesToMeasure(
  context: RecipeContext,
  options: EvaluateOptions,
): Promise<DrawnImages> {
  if (options.npz) {
    const { images, labels } = await readImagesNpz(options.npz);
    if (!labels) {
      throw new Error(`"${options.npz}" holds no "labels": class accuracy needs one per image.`);
    }
    return { images: images.data as Float32Array, labels };
  }
  if (options.reconstruction) {
    const { tokenizer, weights } = await loadTokenizer(context, options.tokenizer);
    const set = await loadMnist({ split: 'test' });
    return {
      images: await reconstructImages(context, tokenizer, weights, set),
      labels: toLabels(set),
    };
  }
  const models = await loadSampledModels(context, options);
  const source = await openSource(context, models, options, BATCH);
  const classes = Array.from({ length: models.teacher.numClasses }, (_, i) => i);
  const drawn = await drawImages(
    'sample',
    source,
    labelsInTurn(classes, options.samples ?? SAMPLES),
    createRng(options.seed ?? 0),
    context,
  );
  await source.dispose();
  return drawn;
}
