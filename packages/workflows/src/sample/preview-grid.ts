import { compileOneStep } from '@ar-distill/core/sampling';
import { imageGrid } from '@ar-distill/evaluation/report';
import type { PresetContext } from '../context';
import type { LoadedGenerator } from '../models/generator-file';
import type { SampledModels } from '../models/preset-models';
import { imageBatch } from './batch-sizes';
import type { Decoder } from './decoder';
import { imageSampler } from './image-sampler';

/** Rows of a preview. */
const ROWS = 6;
const COLUMNS = 10;
/** Fixed, so that previews show the same noise. */
const PREVIEW_SEED = 0;

/** A grid of one-step samples with fixed noise, as a PNG. */
export async function previewGrid(
  { compiler, createRng }: PresetContext,
  { teacher }: Pick<SampledModels, 'teacher'>,
  { generator, weights }: LoadedGenerator,
  decoder: Decoder,
): Promise<Uint8Array> {
  // A class per column where there are classes.
  const columns = Math.min(COLUMNS, generator.condition.numClasses ?? COLUMNS);
  // Of large images only as many as are made at a time.
  const count = imageBatch(generator.layout, decoder.tokenizer.imageShape, ROWS * columns);
  const sequences = await compileOneStep({ generator, weights, batchSize: count }, compiler);
  const sampler = await imageSampler(compiler, sequences, decoder);
  const condition = teacher.condition.inTurn(0, count);
  const images = await sampler
    .draw(condition, createRng(PREVIEW_SEED), 0)
    .finally(() => sampler.dispose());
  return imageGrid(images, Math.min(columns, count));
}
