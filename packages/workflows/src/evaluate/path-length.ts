import { layerDistances, pathLength } from '@ar-distill/evaluation';
import type { Rng } from '@ar-distill/program';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import type { ImageEvaluator } from './image-evaluator';
import type { ImageSource } from './image-source';

/**
 * The path length of a one-step generator, over so many pairs of images, as a function of random numbers.
 * @throws InvalidOptionError when the feature network has no maps to measure it in.
 */
export function pathLengthMeasure(
  { progress, signal }: PresetContext,
  drawBatch: NonNullable<ImageSource['drawBatch']>,
  { network }: ImageEvaluator,
  pairs: number,
): (rng: Rng) => Promise<number> {
  if (network.outputs.layers === undefined) {
    throw new InvalidOptionError(
      `The feature network "${network.name}" has no "layers" to measure a path length in: leave "pathLength" out.`,
      { options: ['pathLength'] },
    );
  }
  const generate = async (noise: Rng, first: number) => {
    signal.throwIfAborted();
    const images = await drawBatch(pairs, noise, first);
    const done = first + images.shape[0]!;
    progress.update({ stage: 'path length', done, total: pairs, metrics: {} });
    return images;
  };
  return (rng) => pathLength({ generate, distances: layerDistances(network), pairs, rng });
}
