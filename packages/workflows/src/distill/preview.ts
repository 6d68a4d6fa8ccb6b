import type { GeneratorSnapshot } from '@ar-distill/core';
import { compileOneStep } from '@ar-distill/core/sampling';
import { imageGrid } from '@ar-distill/evaluation/report';
import type { Run } from '@ar-distill/runs';
import type { PresetContext } from '../context';
import type { SampledModels } from '../models/preset-models';
import { imageBatch } from '../sample/batch-sizes';
import { decoderOf } from '../sample/decoder';
import { imageSampler } from '../sample/image-sampler';

/** Rows of a preview. */
const ROWS = 6;
const COLUMNS = 10;
/** Fixed, so that previews of one run show the same noise. */
const PREVIEW_SEED = 0;

/** A grid of one-step samples with fixed noise; nothing when sequences are not images. */
export async function writePreview(
  { compiler, createRng }: PresetContext,
  models: SampledModels,
  { iteration, weights }: GeneratorSnapshot,
  run: Run,
): Promise<void> {
  const decoder = decoderOf(models);
  if (!decoder) return;
  const { generator } = models;
  // A class per column where there are classes.
  const columns = Math.min(COLUMNS, generator.condition.numClasses ?? COLUMNS);
  // Of large images only as many as are made at a time.
  const count = imageBatch(generator.layout, decoder.tokenizer.imageShape, ROWS * columns);
  const sequences = await compileOneStep({ generator, weights, batchSize: count }, compiler);
  const sampler = await imageSampler(compiler, sequences, decoder);
  const condition = models.teacher.condition.inTurn(0, count);
  const images = await sampler
    .draw(condition, createRng(PREVIEW_SEED), 0)
    .finally(() => sampler.dispose());
  const grid = imageGrid(images, Math.min(columns, count));
  await run.writeFile(`samples/${String(iteration).padStart(6, '0')}.png`, grid);
}
