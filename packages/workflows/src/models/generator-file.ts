import type { SequenceGenerator } from '@ar-distill/core';
import { METHODS } from '@ar-distill/di';
import { tensorSource, type HostTensors } from '@ar-distill/program';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { layeredArchitecture, parseArchitecture } from './architecture';
import { isSnapped } from './generator-decoding';
import { atGuidance } from './generator-guidance';
import { checkGeneratorSteps } from './generator-steps';
import { readParameters } from './parameters';
import { createGenerator, type PresetModels } from './preset-models';
import { releasedEmission } from './released-flow-map';
import { openWeights, type WeightsSource } from './weights-source';

/** A generator with weights that belong to it. */
export interface LoadedGenerator {
  readonly generator: SequenceGenerator;
  readonly weights: Readonly<HostTensors>;
}

/** The same with what its file says. */
export interface StoredGenerator extends LoadedGenerator {
  readonly file: string;
  /** In the backbone's own terms. */
  readonly architecture: unknown;
  readonly provenance: WeightsSource['provenance'];
  /** Whether the method that trained it makes a generator of its own, instead of the backbone's. */
  readonly isOfMethod: boolean;
  /** Whether its code vectors are to be replaced by their nearest codes before they are decoded. */
  readonly isSnapped: boolean;
}

/**
 * The generator in a file or a model directory; without one, the one that ships with the plugin. Tells
 * which it is. One that takes a guidance scale takes that of the context, see `atGuidance`.
 * @param steps network evaluations that it is to draw in.
 * @throws InvalidOptionError when there is none, or it is not trained for as many steps; Error when it does not fit.
 */
export async function loadGenerator(
  context: PresetContext,
  models: PresetModels,
  from?: string,
  steps = 1,
): Promise<StoredGenerator> {
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
    const architecture = architectureOf(context, file, source, models);
    const ofMethod = generatorOfMethod(context, source, architecture);
    const made = ofMethod ?? createGenerator(context.found.backbone, architecture);
    const generator = atGuidance(context, file, made, source.provenance);
    if (String(generator.layout.stepLengths) !== String(models.generator.layout.stepLengths)) {
      throw new Error(
        `"${file}" makes sequences of another layout than the preset "${found.name}".`,
      );
    }
    checkCodeScale(context, file, architecture, models);
    checkNothingElse(file, generator, source);
    const sources = [source.tensors];
    if (source.isReleasedDd1) {
      const { layout } = generator;
      sources.push(tensorSource(await releasedEmission(context, file, layout, models)));
    }
    const weights = await readParameters('generator', generator.parameterSpecs, sources);
    checkGeneratorSteps({ generator, weights }, steps);
    const { provenance } = source;
    emit({
      kind: 'generator',
      file,
      ...(from === undefined ? { preset: found.name } : {}),
      ...(provenance['method'] === undefined ? {} : { method: String(provenance['method']) }),
    });
    return {
      file,
      architecture,
      provenance,
      generator,
      weights,
      isOfMethod: ofMethod !== undefined,
      isSnapped: isSnapped(file, provenance),
    };
  } finally {
    await source.close();
  }
}

/** The architecture that a file states; what it leaves out is the other networks'. */
function architectureOf(
  context: PresetContext,
  file: string,
  source: WeightsSource,
  { architecture }: PresetModels,
): unknown {
  return source.isPartial
    ? layeredArchitecture(context, [{ architecture }, source])
    : parseArchitecture(context, source.architecture, file);
}

/** The generator that the method which trained the weights has of its own. */
function generatorOfMethod(
  { container, found }: PresetContext,
  { provenance }: WeightsSource,
  architecture: unknown,
): SequenceGenerator | undefined {
  const method = container.resolveAll(METHODS).find(({ name }) => name === provenance['method']);
  return method?.value.createGenerator?.(found.backbone, architecture);
}

/** The decoder divides by the scale of the tokenizer's codes what the generator multiplied by its own. */
function checkCodeScale(
  context: PresetContext,
  file: string,
  architecture: unknown,
  { teacher, sampling }: PresetModels,
): void {
  const { backbone } = context.found;
  const { codeScale } = backbone.createTeacher(architecture, sampling);
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
