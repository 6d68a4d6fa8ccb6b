import { isDiscrete } from '@ar-distill/core';
import {
  decoderSignature,
  describedArrays,
  EXPORTED_BATCH,
  type ExportedTeacher,
  IMAGES,
  SEQUENCE,
} from '@ar-distill/core/exported';
import { arStepPrograms, samplerParts } from '@ar-distill/core/sampling';
import { MODEL_EXPORTER } from '@ar-distill/di';
import { sampleCodes } from '@ar-distill/nn';
import { type ExportedSteps, specsOf, type StepProgram } from '@ar-distill/program';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import type { PresetModels } from '../models/preset-models';
import { ownVersion } from '../report/own-version';
import type { Decoder } from '../sample/decoder';
import { pixels } from './image-program';

/** A teacher's sampling as programs, and what `programs.json` says of them beside the files. */
export interface TeacherPrograms {
  readonly exported: ExportedSteps;
  readonly description: Omit<ExportedTeacher, 'weights' | 'programs'>;
}

/**
 * The programs of a teacher's AR steps, which keep its keys and values, and of the decoder.
 * @throws InvalidOptionError saying why this teacher has none.
 */
export function teacherPrograms(
  { container, found }: PresetContext,
  { teacher, teacherWeights: weights, sampling }: PresetModels,
  decoder: Decoder,
): TeacherPrograms {
  const refuse = (why: string): InvalidOptionError =>
    new InvalidOptionError(
      `The teacher of "${found.backbone.name}" cannot be exported, because ${why}: leave "teacher" out.`,
      { options: ['teacher'] },
    );
  if (!isDiscrete(teacher)) throw refuse('it draws no tokens');
  const { layout, condition } = teacher;
  const { numClasses } = condition;
  if (numClasses === undefined) throw refuse('it draws for something else than a class');
  const steps = teacher.cachedSteps?.({ batchSize: EXPORTED_BATCH, choose: sampleCodes });
  if (!steps) throw refuse('it keeps no keys and values from one AR step to the next');
  const initial = steps.initialState();
  if (Object.values(initial).some(({ data }) => data.some((value) => value !== 0))) {
    throw refuse('what its AR steps read at first is not zero');
  }
  const state = specsOf(initial);
  const name = `${found.backbone.name} teacher`;
  const uniforms = { kind: 'uniform', stream: teacher.samplingStream, shape: [] } as const;
  const program = { name, weights, batchSize: EXPORTED_BATCH, draws: uniforms };
  const sampler = { ...samplerParts(teacher, program), ...steps };
  const programs = [...arStepPrograms(sampler, Object.keys(state)), decoderProgram(decoder)];
  return {
    exported: container.resolve(MODEL_EXPORTER).exportSteps(programs, state),
    description: {
      format: 'ar-distill-teacher',
      version: 1,
      madeBy: `ar-distill ${ownVersion()}`,
      preset: `${found.plugin}:${found.name}`,
      sampling,
      name,
      numClasses,
      layout: { channels: layout.channels, stepLengths: layout.stepLengths },
      imageShape: decoder.tokenizer.imageShape,
      draws: sampler.draws,
      perStep: describedArrays(steps.perStep ?? {}),
      state,
    },
  };
}

/** Code vectors [1, n, C] (scaled) to images [1, H, W, channels] in [0, 1]. */
function decoderProgram(decoder: Decoder): StepProgram {
  return {
    ...decoderSignature(decoder.tokenizer),
    constants: decoder.weights,
    fn: ({ constants, inputs }) => ({
      outputs: { [IMAGES]: pixels(decoder, constants, inputs[SEQUENCE]!) },
    }),
  };
}
