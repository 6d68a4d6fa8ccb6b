import { sampleCodes } from '@ar-distill/nn';
import type { DiscreteScoreTeacher, SequenceSampler } from '@ar-distill/core';
import { compileArSampler } from '@ar-distill/core/sampling';
import type { HostTensors, StepCompiler } from '@ar-distill/program';

/**
 * An AR sampler for any discrete teacher: `compileArSampler` with one draw per position. A sampler with a
 * cache has to give the same tokens for the same uniforms, which sample s draws from (samplingStream, s); it
 * only is faster.
 */
export function defaultSampler(
  teacher: DiscreteScoreTeacher,
  compiler: StepCompiler,
  parameters: Readonly<HostTensors>,
  batchSize: number,
): Promise<SequenceSampler> {
  return compileArSampler(
    {
      name: 'AR teacher',
      teacher,
      weights: parameters,
      batchSize,
      draws: { kind: 'uniform', stream: teacher.samplingStream, shape: [] },
      choose: sampleCodes,
    },
    compiler,
  );
}
