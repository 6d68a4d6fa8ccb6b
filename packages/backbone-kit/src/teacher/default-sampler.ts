import { sampleCodes } from '@ar-distill/nn';
import type { DiscreteScoreTeacher, SequenceSampler } from '@ar-distill/core';
import { type ChoosingProgram, compileArSampler } from '@ar-distill/core/sampling';
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
  const program = drawingProgram('AR teacher', teacher, parameters, batchSize);
  return compileArSampler({ ...program, teacher }, compiler);
}

/** The program `name` that draws codes from the teacher's distribution, one uniform per position. */
export function drawingProgram(
  name: string,
  { samplingStream: stream }: Pick<DiscreteScoreTeacher, 'samplingStream'>,
  weights: Readonly<HostTensors>,
  batchSize: number,
): ChoosingProgram {
  const draws = { kind: 'uniform', stream, shape: [] } as const;
  return { name, weights, batchSize, draws, choose: sampleCodes };
}
