import { atomicWriteFile } from '@ar-distill/checkpoints';
import { conditionRows } from '@ar-distill/core';
import type { ServiceContainer } from '@ar-distill/di';
import { imageGrid } from '@ar-distill/evaluation/report';
import {
  elementCount,
  float32,
  type HostTensor,
  type HostTensors,
  type Rng,
} from '@ar-distill/program';
import type { WorkflowOptions } from '../events';
import { ImageModel } from '../sample/image-model';
import { interpolatedNoise } from '../sample/interpolation';
import { resultFile } from './run-result';

const GRID = { rows: 4, columns: 10 };
const STRIP = { conditions: 3, steps: 10 };

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
    const samples = await draw(model, model.condition.inTurn(0, count), count, model.createRng(0));
    const strips: HostTensor[] = [];
    for (let row = 0; row < STRIP.conditions; row++) {
      const noise = interpolatedNoise(
        model.createRng(2 * row),
        model.createRng(2 * row + 1),
        STRIP.steps,
      );
      strips.push(await draw(model, repeated(model, row), STRIP.steps, noise));
    }
    const write = (extension: string, images: HostTensor): Promise<void> =>
      atomicWriteFile(resultFile(folder, key, extension), imageGrid(images, GRID.columns));
    await write(PICTURES.samples.extension, samples);
    await write(PICTURES.interpolation.extension, stacked(strips));
  } finally {
    await model.dispose();
  }
}

/** The condition of row `row`, for every step of a strip. */
function repeated({ condition }: ImageModel, row: number): HostTensors {
  return conditionRows(condition.inTurn(0, row + 1), new Int32Array(STRIP.steps).fill(row));
}

async function draw(
  model: ImageModel,
  condition: HostTensors,
  count: number,
  rng: Rng,
): Promise<HostTensor> {
  const batches: HostTensor[] = [];
  for await (const { images } of model.draw({ by: 'generator', condition, count, rng })) {
    batches.push(images);
  }
  return stacked(batches);
}

/** Batches of images one below the other. */
function stacked(batches: readonly HostTensor[]): HostTensor {
  const shape = batches[0]!.shape.slice(1);
  const size = elementCount(shape);
  const count = batches.reduce((sum, { shape: [rows = 0] }) => sum + rows, 0);
  const data = new Float32Array(count * size);
  let offset = 0;
  for (const batch of batches) {
    data.set(batch.data, offset);
    offset += batch.data.length;
  }
  return float32([count, ...shape], data);
}
