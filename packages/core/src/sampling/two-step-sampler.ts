import type { StepCompiler } from '@ar-distill/program';
import type { SequenceSampler } from '../model/sequence-sampler';
import { compileSampler } from './compile-sampler';
import type { OneStepProgram } from './one-step-sampler';
import { sampleNoise } from './sample-streams';

/**
 * A generator as a sampler that evaluates its network twice per sequence.
 * @throws RangeError when the weights are not trained for it.
 */
export function compileTwoSteps(
  { generator, weights, batchSize }: OneStepProgram,
  compiler: StepCompiler,
): Promise<SequenceSampler> {
  const { layout, condition } = generator;
  if (!generator.isTrainedForTwo?.(weights)) {
    throw new RangeError('This generator draws in 1 step alone: ask for no second one.');
  }
  return compileSampler(
    {
      name: 'two-step generator',
      layout,
      condition,
      weights,
      batchSize,
      evaluations: 2,
      draws: { noise: sampleNoise(layout) },
      sample: (parameters, { noise }, given) => ({
        sequence: generator.generateInTwo!(parameters, noise!, given),
      }),
    },
    compiler,
  );
}
