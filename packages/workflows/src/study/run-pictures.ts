import { atomicWriteFile } from '@ar-distill/checkpoints';
import { conditionRows } from '@ar-distill/core';
import type { ServiceContainer } from '@ar-distill/di';
import { imageGrid } from '@ar-distill/evaluation/report';
import type { HostTensor } from '@ar-distill/program';
import type { WorkflowOptions } from '../events';
import { type ImageBatch, joinBatches } from '../sample/draw-images';
import { ImageModel } from '../sample/image-model';
import { interpolatedNoise } from '../sample/interpolation';
import { resultFile } from './run-result';

const GRID = { rows: 4, columns: 10 };
const STRIP = { conditions: 3, steps: 10 };
/** Of vectors, whose images change with the noise as smoothly as they do. */
const DRAWN = { by: 'generator', snap: false } as const;

/** Pictures of a run, beside its JSON. */
export const PICTURES = {
  samples: { title: 'samples', extension: '-samples.png' },
  interpolation: { title: 'from the noise of one seed to another', extension: '-noise.png' },
} as const;

/**
 * Draws samples and strips of interpolated noise with the generator of a run. Seeds and conditions are
 * the same for every run, so that pictures of two runs can be laid side by side.
 */
export async function writeRunPictures(
  container: ServiceContainer,
  run: string,
  { folder, key }: { readonly folder: string; readonly key: string },
  workflow: WorkflowOptions,
): Promise<void> {
  const model = await ImageModel.open(container, run, workflow);
  try {
    const count = GRID.rows * GRID.columns;
    const condition = model.condition.inTurn(0, count);
    const rng = model.createRng(0);
    const samples = await joinBatches(count, model.draw({ ...DRAWN, condition, count, rng }));
    const strips = await joinBatches(STRIP.conditions * STRIP.steps, drawStrips(model));
    const write = (extension: string, images: HostTensor): Promise<void> =>
      atomicWriteFile(resultFile(folder, key, extension), imageGrid(images, GRID.columns));
    await write(PICTURES.samples.extension, samples);
    await write(PICTURES.interpolation.extension, strips);
  } finally {
    await model.dispose();
  }
}

/** Strip after strip, each from the noise of one seed to that of the next, for one condition. */
async function* drawStrips(model: ImageModel): AsyncGenerator<ImageBatch, void, undefined> {
  const { steps: count } = STRIP;
  for (let row = 0; row < STRIP.conditions; row++) {
    const [from, to] = [model.createRng(2 * row), model.createRng(2 * row + 1)];
    const own = new Int32Array(count).fill(row);
    const condition = conditionRows(model.condition.inTurn(0, row + 1), own);
    const rng = interpolatedNoise(from, to, count);
    for await (const { first, images } of model.draw({ ...DRAWN, condition, count, rng })) {
      yield { first: row * count + first, images };
    }
  }
}
