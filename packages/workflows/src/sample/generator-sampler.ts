import type { SequenceSampler } from '@ar-distill/core';
import { compileOneStep, compileTwoSteps } from '@ar-distill/core/sampling';
import type { StepCompiler } from '@ar-distill/program';
import type { LoadedGenerator } from '../models/generator-file';
import { checkGeneratorSteps } from '../models/generator-steps';

/** A generator that draws in so many network evaluations per sequence; throws what the check of them throws. */
export async function generatorSampler(
  compiler: StepCompiler,
  loaded: LoadedGenerator,
  batchSize: number,
  steps = 1,
): Promise<SequenceSampler> {
  checkGeneratorSteps(loaded, steps);
  const compile = steps === 1 ? compileOneStep : compileTwoSteps;
  return compile({ ...loaded, batchSize }, compiler);
}
