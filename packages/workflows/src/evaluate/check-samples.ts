import { fewestImages } from '@ar-distill/evaluation';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { imagesOfPreset, metricsOfPreset, whyNotMeasured } from './image-evaluator';

/**
 * Checks that so many images of a preset are enough for its metrics, before any is made. Presets whose
 * images are not measured take any number.
 * @param classes that the images have in turn; default: the preset's.
 * @throws InvalidOptionError naming the metric that needs more.
 */
export function checkSamples(context: PresetContext, samples: number, classes?: number): void {
  const { backbone, preset } = context.found;
  const images = imagesOfPreset(context.found);
  if (images === undefined || whyNotMeasured(context, images) !== undefined) return;
  const teacher = backbone.createTeacher(preset.architecture, preset.teacherSampling);
  const metrics = metricsOfPreset(context, images);
  const fewest = fewestImages(metrics, classes ?? teacher.condition.numClasses ?? 1);
  if (fewest === undefined || samples >= fewest.count) return;
  throw new InvalidOptionError(
    `${samples} samples are too few to measure the ${fewest.metric.title}: take ${fewest.count} or more.`,
  );
}
