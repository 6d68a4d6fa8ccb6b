import type { HostTensors } from '@ar-distill/program';
import type { MethodRow, PlannedRow } from '../../plugin/distillation-method';
import { compileOneStep } from '../../sampling/one-step-sampler';
import { compileTwoSteps } from '../../sampling/two-step-sampler';
import { BEFORE_DISTILLATION } from '../before-distillation';
import type { FlowMapGenerator } from './flow-map-generator';

const ONE_STEP: PlannedRow = { name: 'DD1 generator', isResult: true };
const TWO_STEPS: PlannedRow = { name: 'DD1 generator, 2 steps' };

/** The rows of `dd1Rows`. */
export function plannedDd1Rows(isTrainedForTwo: boolean): readonly PlannedRow[] {
  return isTrainedForTwo
    ? [ONE_STEP, TWO_STEPS, BEFORE_DISTILLATION]
    : [ONE_STEP, BEFORE_DISTILLATION];
}

/** Weights of a generator. */
export interface Dd1Weights {
  readonly weights: Readonly<HostTensors>;
  /** Those that training started from. */
  readonly initial: () => Readonly<HostTensors>;
}

/** The generator in one evaluation and, where it was trained for a second one, in two; what it started from. */
export function dd1Rows(
  generator: FlowMapGenerator,
  { weights, initial }: Dd1Weights,
): readonly MethodRow[] {
  const twoSteps: MethodRow = {
    ...TWO_STEPS,
    open: (compiler, batchSize) => compileTwoSteps({ generator, weights, batchSize }, compiler),
  };
  return [
    {
      ...ONE_STEP,
      open: (compiler, batchSize) => compileOneStep({ generator, weights, batchSize }, compiler),
    },
    ...(generator.isTrainedForTwo(weights) ? [twoSteps] : []),
    {
      ...BEFORE_DISTILLATION,
      open: (compiler, batchSize) =>
        compileOneStep({ generator, weights: initial(), batchSize }, compiler),
    },
  ];
}
