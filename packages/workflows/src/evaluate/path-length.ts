import type { FeatureNetworkProvider } from '@ar-distill/core';
import { disposing } from '@ar-distill/core/optimization';
import type { ServiceContainer } from '@ar-distill/di';
import { layerDistances, pathLength } from '@ar-distill/evaluation';
import type { Rng } from '@ar-distill/program';
import { openContext, type PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import type { WorkflowOptions } from '../events';
import { resolvePreset } from '../models/resolve-preset';
import { type ImageEvaluator, openEvaluator } from './image-evaluator';
import { type ImageSource, sampledSource } from './image-source';

/** @throws InvalidOptionError when the feature network has no maps to measure a path length in. */
export function checkPathLength({
  name,
  outputs,
}: Pick<FeatureNetworkProvider, 'name' | 'outputs'>): void {
  if (outputs.layers !== undefined) return;
  throw new InvalidOptionError(
    `The feature network "${name}" has no "layers" to measure a path length in: leave "pathLength" out.`,
    { options: ['pathLength'] },
  );
}

/**
 * The path length of a one-step generator, over so many pairs of images, as a function of random numbers.
 * @throws what `checkPathLength` throws.
 */
export function pathLengthMeasure(
  { progress, signal }: PresetContext,
  drawBatch: NonNullable<ImageSource['drawBatch']>,
  { network }: ImageEvaluator,
  pairs: number,
): (rng: Rng) => Promise<number> {
  checkPathLength(network);
  const generate = async (noise: Rng, first: number) => {
    signal.throwIfAborted();
    const images = await drawBatch(pairs, noise, first);
    const done = first + images.shape[0]!;
    progress.update({ stage: 'path length', done, total: pairs, metrics: {} });
    return images;
  };
  return (rng) => pathLength({ generate, distances: layerDistances(network), pairs, rng });
}

/** The generator of a run, and how its path length is measured. */
export interface RunPathLength {
  /** Run directory. */
  readonly run: string;
  readonly pairs: number;
  readonly seed: number;
}

/** The path length of the generator of a run. */
export async function measurePathLength(
  container: ServiceContainer,
  { run, pairs, seed }: RunPathLength,
  workflow: WorkflowOptions,
): Promise<number> {
  const context = await resolvePreset(openContext(container, workflow), { run });
  const drawn = { count: pairs, alongPaths: true };
  return disposing(async (own) => {
    const source = await sampledSource(context, { run }, drawn, own);
    const evaluator = own(await openEvaluator(context, source.images));
    return pathLengthMeasure(context, source.drawBatch, evaluator, pairs)(context.createRng(seed));
  });
}
