import type { SequenceGenerator } from '@ar-distill/core';
import { METHODS } from '@ar-distill/di';
import type { HostTensors } from '@ar-distill/program';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { parseArchitecture } from './architecture';
import { readParameters } from './parameters';
import { createGenerator, type PresetModels } from './preset-models';
import { openWeights, type WeightsSource } from './weights-source';

/** A generator with weights that belong to it. */
export interface LoadedGenerator {
  readonly generator: SequenceGenerator;
  readonly weights: Readonly<HostTensors>;
}

/**
 * The generator in a file or a model directory; without one, the one that ships with the plugin. Tells
 * which it is.
 */
export async function loadGenerator(
  context: PresetContext,
  models: PresetModels,
  from?: string,
): Promise<LoadedGenerator> {
  const { found, emit } = context;
  const file = from ?? found.preset.weights?.generator;
  if (!file) {
    throw new InvalidOptionError(
      `The preset "${found.name}" ships no generator: name one as "run" or "weights", or distil one.`,
      { options: ['run', 'weights'] },
    );
  }
  const source = await openWeights(found.backbone, 'generator', file);
  try {
    if (source.architecture === undefined) {
      throw new Error(
        `"${file}" does not state its architecture: name a generator that "ar-distill distill" made.`,
      );
    }
    const generator = madeGenerator(context, source);
    if (String(generator.layout.stepLengths) !== String(models.generator.layout.stepLengths)) {
      throw new Error(
        `"${file}" makes sequences of another layout than the preset "${found.name}".`,
      );
    }
    checkCodeScale(context, file, source.architecture, models);
    checkNothingElse(file, generator, source);
    const weights = await readParameters('generator', generator.parameterSpecs, [source.tensors]);
    emit({ kind: 'generator', file, ...(from === undefined ? { preset: found.name } : {}) });
    return { generator, weights };
  } finally {
    await source.close();
  }
}

/** What the weights belong to: the method that trained them may have a generator of its own. */
function madeGenerator(
  context: PresetContext,
  { architecture, provenance }: WeightsSource,
): SequenceGenerator {
  const { container, found } = context;
  const parsed = parseArchitecture(context, architecture);
  const method = container.resolveAll(METHODS).find(({ name }) => name === provenance['method']);
  return (
    method?.value.createGenerator?.(found.backbone, parsed) ??
    createGenerator(found.backbone, parsed)
  );
}

/** The decoder divides by the scale of the tokenizer's codes what the generator multiplied by its own. */
function checkCodeScale(
  context: PresetContext,
  file: string,
  architecture: unknown,
  { teacher, sampling }: PresetModels,
): void {
  const { backbone } = context.found;
  const { codeScale } = backbone.createTeacher(parseArchitecture(context, architecture), sampling);
  if (codeScale === teacher.codeScale) return;
  throw new Error(
    `"${file}" makes code vectors of scale ${codeScale}, where those of the tokenizer have ${teacher.codeScale}: name its run instead, or the tokenizer that it was distilled with.`,
  );
}

/** What the file states of its architecture has to make all of its tensors, not some of them. */
function checkNothingElse(
  file: string,
  { parameterSpecs }: SequenceGenerator,
  { tensors, isFolder }: WeightsSource,
): void {
  // Other networks lie beside it in a folder.
  if (isFolder) return;
  const other = Object.keys(tensors.specs).find((name) => !Object.hasOwn(parameterSpecs, name));
  if (other === undefined) return;
  throw new Error(
    `"${file}" holds "${other}", which the architecture that it states has not: make the generator again.`,
  );
}
