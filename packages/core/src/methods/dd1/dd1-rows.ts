import type { HostTensors } from '@ar-distill/program';
import type { MethodRow, PlannedRow } from '../../plugin/distillation-method';
import { compileSampler } from '../../sampling/compile-sampler';
import { compileOneStep } from '../../sampling/one-step-sampler';
import { sampleNoise } from '../../sampling/sample-streams';
import type { FlowMapGenerator } from './flow-map-generator';

const ONE_STEP: PlannedRow = { name: 'DD1 generator', isResult: true };
const TWO_STEPS: PlannedRow = { name: 'DD1 generator, 2 steps' };

/** The rows of `dd1Rows`. */
export function plannedDd1Rows(secondStart: number | undefined): readonly PlannedRow[] {
  return secondStart === undefined ? [ONE_STEP] : [ONE_STEP, TWO_STEPS];
}

/** The generator in one evaluation and, where it was trained for a second one, in two. */
export function dd1Rows(
  generator: FlowMapGenerator,
  weights: Readonly<HostTensors>,
  secondStart: number | undefined,
): readonly MethodRow[] {
  const { layout, condition } = generator;
  const oneStep: MethodRow = {
    ...ONE_STEP,
    open: (compiler, batchSize) => compileOneStep({ generator, weights, batchSize }, compiler),
  };
  if (secondStart === undefined) return [oneStep];
  return [
    oneStep,
    {
      ...TWO_STEPS,
      open: (compiler, batchSize) =>
        compileSampler(
          {
            name: 'two-step generator',
            layout,
            condition,
            weights,
            batchSize,
            evaluations: 2,
            draws: { noise: sampleNoise(layout) },
            sample: (parameters, { noise }, given) => ({
              sequence: generator.generateTwice(parameters, noise!, given, secondStart),
            }),
          },
          compiler,
        ),
    },
  ];
}
