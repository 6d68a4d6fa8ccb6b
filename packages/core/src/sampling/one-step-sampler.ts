import type { HostTensors, StepCompiler } from '@ar-distill/program';
import type { SequenceGenerator } from '../model/one-step-generator';
import type { SequenceSampler } from '../model/sequence-sampler';
import { compileSampler } from './compile-sampler';
import { sampleNoise } from './sample-streams';

/** What errors and profiles call it. */
export const ONE_STEP_NAME = 'one-step generator';

/** What is compiled. */
export interface OneStepProgram {
  readonly generator: SequenceGenerator;
  readonly weights: Readonly<HostTensors>;
  readonly batchSize: number;
}

/** A generator as a sampler: one network evaluation per sequence. */
export function compileOneStep(
  { generator, weights, batchSize }: OneStepProgram,
  compiler: StepCompiler,
): Promise<SequenceSampler> {
  const { layout, condition } = generator;
  return compileSampler(
    {
      name: ONE_STEP_NAME,
      layout,
      condition,
      weights,
      batchSize,
      evaluations: 1,
      draws: { noise: sampleNoise(layout) },
      sample: (parameters, { noise }, given) => ({
        sequence: generator.generate(parameters, noise!, given),
      }),
    },
    compiler,
  );
}
