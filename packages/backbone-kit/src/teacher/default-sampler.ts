import { sampleCodes } from '@ar-distill/nn';
import { type DiscreteScoreTeacher, sequenceLength, type SequenceSampler } from '@ar-distill/core';
import {
  compileSampler,
  compileStepwise,
  drawSteps,
  hasEvenSteps,
  type SamplerParts,
  stepPositions,
} from '@ar-distill/core/sampling';
import { float32, type HostTensors, type StepCompiler } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';

/**
 * An AR sampler for any discrete teacher: AR step by AR step, the whole teacher-forced pass over the
 * sequence so far, then one draw per position of the step. A sampler with a cache has to give the same
 * tokens for the same uniforms, which sample s draws from (samplingStream, s); it only is faster. AR steps of
 * one length (raster order) become one program that runs once per step, others are unrolled.
 */
export function defaultSampler(
  teacher: DiscreteScoreTeacher,
  compiler: StepCompiler,
  parameters: Readonly<HostTensors>,
  batchSize: number,
): Promise<SequenceSampler> {
  const { layout, condition } = teacher;
  const length = sequenceLength(layout);
  const shape = [batchSize, length, layout.channels];
  const parts: SamplerParts = {
    name: 'AR teacher',
    layout,
    condition,
    weights: parameters,
    batchSize,
    evaluations: layout.stepLengths.length,
    draws: { uniforms: { kind: 'uniform', stream: teacher.samplingStream, shape: [] } },
  };
  if (!hasEvenSteps(layout)) {
    return compileSampler(
      {
        ...parts,
        sample: (weights, { uniforms }, given) => {
          // Probabilities depend on earlier AR steps only: any value may stand for what comes.
          const drawn = drawSteps(teacher, weights, tf.zeros(shape), given, uniforms!, 0);
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
      drawStep: ({ parameters: weights, state, draws, condition: given, start }) => {
        const sequence = state['sequence']!;
        const positions = stepPositions(start, layout.stepLengths[0]!, length, batchSize);
        const logProbs = teacher.logProbs(weights, sequence, given);
        // Gathered, because log-probabilities may be −Infinity.
        const own = tf.gather(logProbs, positions.rows, 1);
        const codebook = teacher.scaledCodebook(weights);
        const { codes, tokens } = sampleCodes(codebook, own, draws['uniforms']!);
        return { state: { sequence: positions.put(sequence, codes) }, sequence: codes, tokens };
      },
    },
    compiler,
  );
}
