import { sampleCodes } from '@ar-distill/nn';
import {
  float32,
  type HostTensor,
  type HostTensors,
  type Rng,
  type StepCompiler,
} from '@ar-distill/program';
import type * as tf from '@tensorflow/tfjs';
import { checkCondition, conditionInputs, conditionOf, conditionSpecs } from '../model/condition';
import type { DiscreteScoreTeacher } from '../model/discrete-score-teacher';
import { sequenceLength, stepStarts } from '../model/sequence-layout';
import type { SampledSequences } from '../model/sequence-sampler';
import { drawSpecs } from './compile-sampler';
import { drawPositions } from './draws';
import { requireFinite, sequencePlace } from './finite';

const NAME = 'watched AR teacher';

/** What a teacher has drawn after an AR step. */
export interface WatchedStep {
  /** AR steps done, from 1. */
  readonly step: number;
  /** AR steps of a sequence. */
  readonly steps: number;
  /** [B, n, C], scaled; zeros where nothing is drawn yet. */
  readonly sequence: HostTensor;
}

/** A teacher that shows every AR step. */
export interface WatchedTeacher {
  readonly batchSize: number;
  /**
   * As a `SequenceSampler`, the same sequences; `onStep` is awaited after every AR step. Rejects with a
   * `NonFiniteError` before it shows a step that is not finite.
   */
  sample(
    condition: Readonly<HostTensors>,
    rng: Rng,
    firstSample: number,
    onStep: (step: WatchedStep) => void | Promise<void>,
  ): Promise<SampledSequences>;
  dispose(): Promise<void>;
}

/** What is compiled. */
export interface WatchedTeacherProgram {
  readonly teacher: DiscreteScoreTeacher;
  readonly weights: Readonly<HostTensors>;
  readonly batchSize: number;
}

/**
 * A teacher that draws AR step by AR step under the eyes of the caller. Without a cache: every step is a
 * teacher-forced pass over the sequence so far, in one program whatever the lengths of the steps are.
 */
export async function compileWatchedTeacher(
  { teacher, weights, batchSize }: WatchedTeacherProgram,
  compiler: StepCompiler,
): Promise<WatchedTeacher> {
  const { layout, condition: space, samplingStream } = teacher;
  const length = sequenceLength(layout);
  const shape = [batchSize, length, layout.channels];
  const draws = { uniforms: { kind: 'uniform', stream: samplingStream, shape: [] } } as const;
  const step = await compiler.compile({
    name: NAME,
    constants: weights,
    inputs: {
      sequence: { shape, dtype: 'float32' },
      ...drawSpecs(draws, [batchSize, length]),
      ...conditionSpecs(space, [batchSize]),
    },
    fn: ({ constants, inputs }) => {
      const { sequence, uniforms } = inputs as Record<'sequence' | 'uniforms', tf.Tensor>;
      const logProbs = teacher.logProbs(constants, sequence, conditionOf(inputs));
      return {
        outputs: { ...sampleCodes(teacher.scaledCodebook(constants), logProbs, uniforms) },
      };
    },
  });
  return {
    batchSize,
    async sample(condition, rng, firstSample, onStep) {
      checkCondition(space, condition, batchSize);
      const inputs = {
        ...drawPositions(draws, layout, rng, firstSample, batchSize),
        ...conditionInputs(condition),
      };
      const sequence = new Float32Array(batchSize * length * layout.channels);
      const tokens = new Int32Array(batchSize * length);
      const starts = stepStarts(layout);
      for (const [i, start] of starts.entries()) {
        // What positions of this step and later ones hold is not read.
        const drawn = (await step.run({ ...inputs, sequence: float32(shape, sequence) })) as Record<
          'tokens' | 'codes',
          HostTensor
        >;
        const positions = { start, count: layout.stepLengths[i]!, length };
        copyPositions(drawn.codes.data, sequence, batchSize, positions, layout.channels);
        copyPositions(drawn.tokens.data, tokens, batchSize, positions, 1);
        // A copy: the caller may keep it.
        const shown = float32(shape, sequence.slice());
        requireFinite(`The ${NAME}`, shown, firstSample, sequencePlace(layout));
        await onStep({ step: i + 1, steps: starts.length, sequence: shown });
      }
      return {
        sequence: float32(shape, sequence),
        tokens: { shape: [batchSize, length], dtype: 'int32', data: tokens },
      };
    },
    dispose: () => step.dispose(),
  };
}

/** Copies some positions of [B, length, size]. */
function copyPositions(
  from: Float32Array | Int32Array,
  to: Float32Array | Int32Array,
  batch: number,
  {
    start,
    count,
    length,
  }: { readonly start: number; readonly count: number; readonly length: number },
  size: number,
): void {
  for (let b = 0; b < batch; b++) {
    const first = (b * length + start) * size;
    to.set(from.subarray(first, first + count * size), first);
  }
}
