import type { GeneratorSnapshot } from '@ar-distill/core/methods';
import { imageGrid } from '@ar-distill/metrics';
import { createRng, float32 } from '@ar-distill/program';
import type { Run } from '@ar-distill/runs';
import { decoderOf, type PresetModels } from '../models/models';
import { imageBatch } from '../sample/batch-sizes';
import { labelsInTurn } from '../sample/draw-images';
import { oneStepSource } from '../sample/image-sources';
import type { RecipeContext } from '../types';

/** Rows of a preview; one column per class. */
const ROWS = 6;
const COLUMNS = 10;
/** Fixed, so that previews of one run show the same noise. */
const PREVIEW_SEED = 0;

/** A grid of one-step samples with fixed noise; nothing when sequences are not images. */
export async function writePreview(
  { compiler }: RecipeContext,
  models: PresetModels,
  { iteration, average }: GeneratorSnapshot,
  run: Run,
): Promise<void> {
  const decoder = decoderOf(models);
  if (!decoder) return;
  const columns = Math.min(COLUMNS, models.teacher.numClasses);
  // Of large images only as many as are made at a time.
  const { imageShape } = decoder.tokenizer;
  const count = imageBatch(models.teacher.layout, imageShape, ROWS * columns);
  const classes = Array.from({ length: columns }, (_, i) => i);
  const source = await oneStepSource(
    compiler,
    { network: models.network, weights: average },
    decoder,
    count,
  );
  const images = await source.draw(labelsInTurn(classes, count), createRng(PREVIEW_SEED), 0);
  await source.dispose();
  const grid = imageGrid(float32([count, ...imageShape], images), Math.min(columns, count));
  await run.writeFile(`samples/${String(iteration).padStart(6, '0')}.png`, grid);
}
