import type { StepProgram } from '@ar-distill/program';
import type { ArSteps, DrawArStep } from '../model/ar-steps';
import { conditionOf } from '../model/condition';
import { arStepSignatures, START } from './ar-step-signatures';
import type { SamplerParts } from './compile-sampler';

/**
 * The programs of a sampler's AR steps, with the weights built in: one for all steps, or one for each.
 * @param state names of what a step leaves to the next one.
 */
export function arStepPrograms(
  sampler: SamplerParts & ArSteps,
  state: readonly string[],
): readonly StepProgram[] {
  const { drawStep, weights } = sampler;
  const isShared = typeof drawStep === 'function';
  return arStepSignatures(sampler, state, isShared).map((signature, step) => ({
    ...signature,
    constants: weights,
    fn: drawing(isShared ? drawStep : drawStep[step]!),
  }));
}

function drawing(draw: DrawArStep): StepProgram['fn'] {
  return ({ state, constants, inputs }) => {
    const { state: next, ...outputs } = draw({
      parameters: constants,
      state,
      draws: inputs,
      condition: conditionOf(inputs),
      start: inputs[START]!,
      perStep: inputs,
    });
    return { state: next, outputs };
  };
}
