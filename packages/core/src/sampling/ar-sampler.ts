import { float32, type StepCompiler } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import type { ChoosingProgram } from '../model/code-choice';
import type { DiscreteScoreTeacher } from '../model/discrete-score-teacher';
import { sequenceLength } from '../model/sequence-layout';
import type { SequenceSampler } from '../model/sequence-sampler';
import { compileSampler, samplerParts } from './compile-sampler';
import { stepPositions } from './step-positions';
import { compileStepwise, hasEvenSteps } from './stepwise-sampler';
import { drawSteps } from './teacher-refinement';

/** What is compiled. */
export interface ArSamplerProgram extends ChoosingProgram {
  readonly teacher: DiscreteScoreTeacher;
}

/**
 * Sequences of any discrete teacher, AR step by AR step: the whole teacher-forced pass over the sequence
 * so far, then one choice per position of the step. AR steps of one length (raster order) become one
 * program that runs once per step, others are unrolled.
 */
export function compileArSampler(
  program: ArSamplerProgram,
  compiler: StepCompiler,
): Promise<SequenceSampler> {
  const { teacher, batchSize, choose } = program;
  const { layout } = teacher;
  const length = sequenceLength(layout);
  const shape = [batchSize, length, layout.channels];
  const parts = samplerParts(teacher, program);
  if (!hasEvenSteps(layout)) {
    return compileSampler(
      {
        ...parts,
        sample: (parameters, { draws: own }, given) => {
          // Probabilities depend on earlier AR steps only: any value may stand for what comes.
          const drawn = drawSteps(teacher, parameters, tf.zeros(shape), given, own!, 0, choose);
          return { sequence: drawn.sequence, tokens: tf.concat([...drawn.tokens], 1) };
        },
      },
      compiler,
    );
  }
  return compileStepwise(
    {
      ...parts,
      initialState: () => ({
        sequence: float32(shape, new Float32Array(batchSize * length * layout.channels)),
      }),
      drawStep: ({ parameters, state, draws: given, condition: own, start }) => {
        const sequence = state['sequence']!;
        const positions = stepPositions(start, layout.stepLengths[0]!, length, batchSize);
        // Gathered, because log-probabilities may be −Infinity.
        const logProbs = tf.gather(teacher.logProbs(parameters, sequence, own), positions.rows, 1);
        const codebook = teacher.scaledCodebook(parameters);
        const { codes, tokens } = choose(codebook, logProbs, given['draws']!);
        return { state: { sequence: positions.put(sequence, codes) }, sequence: codes, tokens };
      },
    },
    compiler,
  );
}
