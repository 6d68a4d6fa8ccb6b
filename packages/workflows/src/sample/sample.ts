import { atomicWriteFile } from '@ar-distill/checkpoints';
import { DiscreteScoreTeacher } from '@ar-distill/core';
import { imageGrid, writeImagesNpz } from '@ar-distill/metrics';
import { createRng, float32, type Rng } from '@ar-distill/program';
import { loadGenerator } from '../models/generator-file';
import { decoderOf, loadPresetModels, type PresetModels } from '../models/models';
import type { RecipeContext, SampleOptions } from '../types';
import { imageBatch } from './batch-sizes';
import { drawImages, labelsInTurn } from './draw-images';
import {
  type Decoder,
  type ImageSource,
  oneStepSource,
  refinedSource,
  teacherSource,
} from './image-sources';

const BATCH = 100;
const COLUMNS = 10;

/** Draws images, writes a grid (and all of them as .npz), says how long an image took. */
export async function sampleImages(
  context: RecipeContext,
  options: SampleOptions,
): Promise<{ readonly secondsPerImage: number }> {
  const { count, out, npz, seed } = options;
  const models = await loadSampledModels(context, options);
  const { numClasses } = models.teacher;
  const classes = options.classes ?? Array.from({ length: numClasses }, (_, i) => i);
  const outside = classes.find((label) => label >= numClasses);
  if (outside !== undefined) {
    throw new Error(`There is no class ${outside}: the classes are 0 to ${numClasses - 1}.`);
  }
  const rng: Rng = createRng(seed);
  const labels = labelsInTurn(classes, count);
  const { imageShape } = decodedBy(models, context).tokenizer;
  const batchSize = imageBatch(models.teacher.layout, imageShape, Math.min(BATCH, count));
  const source = await openSource(context, models, options, batchSize);
  const started = performance.now();
  const { images } = await drawImages('sample', source, labels, rng, context);
  const secondsPerImage = (performance.now() - started) / 1000 / count;
  await source.dispose();
  const all = float32([count, ...imageShape], images);
  await atomicWriteFile(out, imageGrid(all, Math.min(COLUMNS, count)));
  if (npz) await writeImagesNpz(npz, all, labels);
  const { evaluations } = source;
  context.print(`Network evaluations per image: ${evaluations}`);
  return { secondsPerImage };
}

/** The networks that images are drawn from; the teacher's weights only where it takes part. */
export function loadSampledModels(
  context: RecipeContext,
  {
    teacher,
    tokenizer,
    teacherSteps,
  }: Pick<SampleOptions, 'teacher' | 'tokenizer' | 'teacherSteps'>,
): Promise<PresetModels> {
  return loadPresetModels(
    context,
    { tokenizer, ...(typeof teacher === 'string' ? { teacher } : {}) },
    { teacherWeights: Boolean(teacher) || teacherSteps !== undefined },
  );
}

/** The generator, the teacher, or the generator whose last AR steps the teacher draws again. */
export async function openSource(
  context: RecipeContext,
  models: PresetModels,
  options: Pick<SampleOptions, 'weights' | 'teacher' | 'snap' | 'teacherSteps'>,
  batchSize: number,
): Promise<ImageSource> {
  const { compiler, plugin } = context;
  const decoder = decodedBy(models, context, options.snap);
  const { teacher, teacherWeights } = models;
  if (options.teacher && !options.teacherSteps) {
    return teacherSource(compiler, teacher, teacherWeights, decoder, batchSize);
  }
  const generator = await loadGenerator(context, models, options.weights);
  if (!options.teacherSteps) return oneStepSource(compiler, generator, decoder, batchSize);
  if (!(teacher instanceof DiscreteScoreTeacher)) {
    throw new Error(
      `The teacher of "${plugin.name}" has no tokens to draw again: drop --teacher-steps.`,
    );
  }
  return refinedSource(
    compiler,
    generator,
    { teacher, weights: teacherWeights, steps: options.teacherSteps },
    decoder,
    batchSize,
  );
}

function decodedBy(models: PresetModels, { plugin }: RecipeContext, snap = false): Decoder {
  const decoder = decoderOf(models, snap);
  if (decoder) return decoder;
  throw new Error(`The sequences of the plugin "${plugin.name}" are not images to look at.`);
}
