import type { SequenceLayout } from '@ar-distill/core';
import { dd1, dd1SettingsSchema, flowMapEmission, whyNoEmission } from '@ar-distill/core/methods';
import type { HostTensors } from '@ar-distill/program';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import type { PresetModels } from './preset-models';

/**
 * What a released network of Distilled Decoding 1 lacks to be a generator: the codes, which are the
 * tokenizer's, and at which AR steps it emits them and starts again, which the preset of its sizes says.
 * @throws InvalidOptionError when there is no tokenizer, or the preset says nothing that fits.
 */
export async function releasedEmission(
  { found, compiler }: PresetContext,
  file: string,
  layout: SequenceLayout,
  { tokenizer, teacher }: Pick<PresetModels, 'tokenizer' | 'teacher'>,
): Promise<HostTensors> {
  if (!tokenizer) {
    throw new InvalidOptionError(
      `The network in "${file}" emits the codes of a tokenizer: name one as "tokenizer".`,
      { options: ['tokenizer'] },
    );
  }
  const settings = dd1SettingsSchema.safeParse(found.preset.methods[dd1.name]).data;
  if (!settings || whyNoEmission(layout, settings) !== undefined) {
    throw new InvalidOptionError(
      `The preset "${found.name}" does not say at which AR steps the network in "${file}" emits codes and starts again: name a preset whose settings of "${dd1.name}" fit it.`,
    );
  }
  const { tokenizer: codes, weights } = tokenizer;
  return flowMapEmission(
    layout,
    { weights, codebook: (parameters) => codes.codebook(parameters).mul(teacher.codeScale) },
    settings,
    compiler,
  );
}
