import type { GeneratorSnapshot } from '@ar-distill/core';
import type { Run } from '@ar-distill/runs';
import type { PresetContext } from '../context';
import type { SampledModels } from '../models/preset-models';
import { decoderOf } from '../sample/decoder';
import { previewGrid } from '../sample/preview-grid';

/** A grid of one-step samples with fixed noise; nothing when sequences are not images. */
export async function writePreview(
  context: PresetContext,
  models: SampledModels,
  { iteration, weights }: GeneratorSnapshot,
  run: Run,
): Promise<void> {
  const decoder = decoderOf(models, context.found.preset.snap);
  if (!decoder) return;
  const generator = { generator: models.generator, weights };
  const grid = await previewGrid(context, models, generator, decoder);
  await run.writeFile(`samples/${String(iteration).padStart(6, '0')}.png`, grid);
}
