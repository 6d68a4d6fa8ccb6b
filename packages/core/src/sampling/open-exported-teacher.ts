import {
  createRng,
  type ExportedPrograms,
  type HostTensor,
  type ProgramSignature,
} from '@ar-distill/program';
import { classCondition, ofClasses } from '../model/condition';
import { sequenceLength } from '../model/sequence-layout';
import { type ArStepParts, arStepSignatures } from './ar-step-signatures';
import { arraysOf, type ExportedTeacher, zerosOf } from './exported-teacher';
import { pixelPlace, requireFinite } from './finite';
import { compileWatchedDecoding } from './watched-decoding';

/** Sequences per call of the programs. */
export const EXPORTED_BATCH = 1;

/** The input and output of the program that makes pixels of a sequence. */
export const SEQUENCE = 'sequence';
export const IMAGES = 'images';
const DECODER = 'teacher decoder';

/** A picture as it looks after an AR step. */
export interface TeacherStep {
  /** AR steps done, from 1. */
  readonly step: number;
  /** AR steps of a picture. */
  readonly steps: number;
  /** [height, width, channels] in [0, 1], decoded from what is drawn: zeros stand for what is not. */
  readonly pixels: HostTensor;
}

/** A picture that the teacher has drawn. */
export interface TeacherPicture {
  /** [height, width, channels] in [0, 1]. */
  readonly pixels: HostTensor;
  /** [n] int32, AR step by AR step. */
  readonly tokens: HostTensor;
}

/** An exported teacher that is ready to draw. */
export interface OpenTeacher {
  /** AR steps of a picture. */
  readonly steps: number;
  /** Classes are 0 … numClasses − 1. */
  readonly numClasses: number;
  /** [height, width, channels]. */
  readonly imageShape: readonly [number, number, number];
  /**
   * The picture of a class and a seed that the library's teacher draws first; `onStep` is awaited after every AR step.
   * @throws RangeError when there is no such class or the seed is no integer from 0; NonFiniteError when something is
   *   not finite.
   */
  draw(
    label: number,
    seed: number,
    onStep?: (step: TeacherStep) => void | Promise<void>,
  ): Promise<TeacherPicture>;
  dispose(): Promise<void>;
}

/** What the exported programs of the AR steps read. */
export function exportedParts({
  name,
  layout,
  numClasses,
  draws,
  perStep,
}: Omit<ExportedTeacher, 'programs'>): ArStepParts {
  const condition = classCondition(numClasses);
  return { name, layout, condition, batchSize: EXPORTED_BATCH, draws, perStep: arraysOf(perStep) };
}

/** What the exported decoder reads: code vectors [1, n, C], scaled. */
export function decoderSignature({ layout }: Pick<ExportedTeacher, 'layout'>): ProgramSignature {
  const shape = [EXPORTED_BATCH, sequenceLength(layout), layout.channels];
  return { name: DECODER, inputs: { [SEQUENCE]: { shape, dtype: 'float32' } } };
}

/** A teacher over its exported programs: it draws with the library's own sampling. */
export async function openExportedTeacher(
  teacher: ExportedTeacher,
  compiler: ExportedPrograms,
): Promise<OpenTeacher> {
  const { state, programs, layout, numClasses, imageShape } = teacher;
  const parts = exportedParts(teacher);
  const isShared = programs.some(({ name }) => name === parts.name);
  const signatures = arStepSignatures(parts, Object.keys(state), isShared);
  const watched = await compileWatchedDecoding(parts, signatures, () => zerosOf(state), compiler);
  const decoder = await compiler.compile(decoderSignature(teacher));
  const pixelsOf = async (sequence: HostTensor): Promise<HostTensor> => {
    const { [IMAGES]: images } = await decoder.run({ [SEQUENCE]: sequence });
    requireFinite('The decoded image', images!, 0, pixelPlace);
    return { ...images!, shape: imageShape };
  };
  return {
    steps: layout.stepLengths.length,
    numClasses,
    imageShape,
    draw: async (label, seed, onStep) => {
      let pixels: HostTensor | undefined;
      const { tokens } = await watched.sample(
        ofClasses(Int32Array.of(label)),
        createRng(seed),
        0,
        async ({ step, steps, sequence }) => {
          if (!onStep && step < steps) return;
          pixels = await pixelsOf(sequence);
          await onStep?.({ step, steps, pixels });
        },
      );
      return { pixels: pixels!, tokens: { ...tokens!, shape: tokens!.shape.slice(1) } };
    },
    dispose: async () => {
      await watched.dispose();
      await decoder.dispose();
    },
  };
}
