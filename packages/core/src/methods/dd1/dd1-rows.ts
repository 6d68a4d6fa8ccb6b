import type { HostTensors } from '@ar-distill/program';
import type { MethodRow } from '../../plugin/distillation-method';
import { compileOneStep } from '../../sampling/one-step-sampler';
import { compileTwoSteps } from '../../sampling/two-step-sampler';
import type { FlowMapGenerator } from './flow-map-generator';

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
    name: 'DD1 generator, 2 steps',
    open: (compiler, batchSize) => compileTwoSteps({ generator, weights, batchSize }, compiler),
  };
  return [
    {
      name: 'DD1 generator',
      isResult: true,
      open: (compiler, batchSize) => compileOneStep({ generator, weights, batchSize }, compiler),
    },
    ...(generator.isTrainedForTwo(weights) ? [twoSteps] : []),
    {
      name: 'one step before distillation',
      open: (compiler, batchSize) =>
        compileOneStep({ generator, weights: initial(), batchSize }, compiler),
    },
  ];
}
