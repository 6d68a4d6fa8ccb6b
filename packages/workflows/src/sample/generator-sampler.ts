import type { SequenceSampler } from '@ar-distill/core';
import { compileOneStep, compileTwoSteps } from '@ar-distill/core/sampling';
import type { StepCompiler } from '@ar-distill/program';
import type { LoadedGenerator } from '../models/generator-file';

/** A generator that draws in so many network evaluations per sequence, see `checkGeneratorSteps`. */
export function generatorSampler(
  compiler: StepCompiler,
  loaded: LoadedGenerator,
  batchSize: number,
  steps = 1,
): Promise<SequenceSampler> {
  const compile = steps === 1 ? compileOneStep : compileTwoSteps;
  return compile({ ...loaded, batchSize }, compiler);
}
