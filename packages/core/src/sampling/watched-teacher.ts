import { sampleCodes } from '@ar-distill/nn';
import type { HostTensors, StepCompiler } from '@ar-distill/program';
import type * as tf from '@tensorflow/tfjs';
import { checkCondition, conditionInputs, conditionOf, conditionSpecs } from '../model/condition';
import type { DiscreteScoreTeacher } from '../model/discrete-score-teacher';
import { sequenceLength } from '../model/sequence-layout';
import { drawSpecs } from './compile-sampler';
import { drawPositions } from './draws';
import { takePositions, watchSteps, type WatchedTeacher } from './watched-steps';

const NAME = 'watched AR teacher';

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
  const draws = { uniforms: { kind: 'uniform', stream: samplingStream, shape: [] } } as const;
  const step = await compiler.compile({
    name: NAME,
    constants: weights,
    inputs: {
      sequence: { shape: [batchSize, length, layout.channels], dtype: 'float32' },
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
      const parts = { name: NAME, layout, batchSize };
      return watchSteps(
        parts,
        firstSample,
        async (range, sequence) => {
          // What positions of this step and later ones hold is not read.
          const { codes, tokens } = await step.run({ ...inputs, sequence });
          return {
            sequence: takePositions(codes!, range),
            tokens: takePositions(tokens!, range),
          };
        },
        onStep,
      );
    },
    dispose: () => step.dispose(),
  };
}
