import { fewestImages } from '@ar-distill/evaluation';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { checkMemory } from '../settings/check-memory';
import { metricsOfImages, type EvaluatedImages } from './image-evaluator';

/** Fewest images, with all classes in turn, that all metrics of a preset can be computed from. */
export function neededImages(context: PresetContext, images: EvaluatedImages): number {
  const metrics = metricsOfImages(context, images) ?? [];
  return fewestImages(metrics, images.numClasses ?? 1)?.count ?? 1;
}

/**
 * Checks the number of images that are to be measured; nothing is measured where nothing can be.
 * @throws InvalidOptionError naming the metric that needs more, and how many; or when there is no memory
 *   for so many.
 */
export function checkImageCount(
  context: PresetContext,
  images: EvaluatedImages,
  count: number,
): void {
  checkMemory(`${count} images`, count, images.imageShape);
  const metrics = metricsOfImages(context, images) ?? [];
  const fewest = fewestImages(metrics, images.numClasses ?? 1);
  if (!fewest || count >= fewest.count) return;
  throw new InvalidOptionError(
    `The metric "${fewest.metric.name}" needs ${fewest.count} images or more, not ${count}: raise the number of samples.`,
  );
}
