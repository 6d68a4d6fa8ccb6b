import { ofClasses, type MethodPlan, type RealSequences } from '@ar-distill/core';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { datasetOf } from '../evaluate/image-evaluator';
import type { PresetModels } from '../models/preset-models';
import { encodeImages } from '../train/tokenize';

/**
 * The images of the training split that the preset's teacher and tokenizer are of, as the token sequences
 * that a method's plan asks for; undefined where it asks for none. The data set is opened, nothing of it is
 * encoded.
 * @throws InvalidOptionError naming the setting when the preset has no such images, Error when the data are
 *   missing.
 */
export async function realSequencesOf(
  context: PresetContext,
  { teacher, tokenizer: loaded }: PresetModels,
  { realSequencesFor: setting }: MethodPlan,
): Promise<RealSequences | undefined> {
  if (setting === undefined) return undefined;
  const { name, preset } = context.found;
  const refuse = (reason: string): InvalidOptionError =>
    new InvalidOptionError(`"${setting}" takes real images, and ${reason}: leave it out.`);
  if (preset.dataset === undefined) throw refuse(`the preset "${name}" names no data set`);
  if (!loaded) throw refuse(`the sequences of the preset "${name}" are not images`);
  const { tokenizer } = loaded;
  const provider = datasetOf(context, preset.dataset);
  if (provider.imageShape.join() !== tokenizer.imageShape.join()) {
    throw refuse(
      `those of "${provider.name}" are ${provider.imageShape.join('×')} where the tokenizer reads ${tokenizer.imageShape.join('×')}`,
    );
  }
  if (provider.classes !== teacher.condition.numClasses) {
    throw refuse(
      `those of "${provider.name}" are of ${provider.classes} classes, which the teacher does not know`,
    );
  }
  const { train } = await provider.open();
  return {
    count: train.count,
    encode: (first, take) => encodeImages(context, loaded, train, first, take),
    condition: async () => ofClasses(await train.labels()),
  };
}
