import type { Dataset } from '@ar-distill/core';
import type { SupervisedSettings } from '@ar-distill/core/optimization';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { datasetOf } from '../evaluate/image-evaluator';

/**
 * What a network of a preset is trained with.
 * @throws InvalidOptionError when the preset has no such training, Error when its data are missing.
 */
export async function trainingData(
  context: PresetContext,
  network: 'tokenizer' | 'teacher',
): Promise<{ readonly settings: SupervisedSettings; readonly dataset: Dataset }> {
  const { name, preset } = context.found;
  if (!preset.training || preset.dataset === undefined) {
    throw new InvalidOptionError(
      `The preset "${name}" has no ${network} to train here: it names no data set and settings.`,
    );
  }
  return {
    settings: preset.training[network],
    dataset: await datasetOf(context, preset.dataset).open(),
  };
}
