import type { HostTensors } from '@ar-distill/program';
import type { MethodRow } from '../../plugin/distillation-method';
import { compileSampler } from '../../sampling/compile-sampler';
import { compileOneStep } from '../../sampling/one-step-sampler';
import { sampleNoise } from '../../sampling/sample-streams';
import type { FlowMapGenerator } from './flow-map-generator';

/** The generator in one evaluation and, where it was trained for a second one, in two. */
export function dd1Rows(
  generator: FlowMapGenerator,
  weights: Readonly<HostTensors>,
  secondStart: number | undefined,
): readonly MethodRow[] {
  const { layout, condition } = generator;
  const oneStep: MethodRow = {
    name: 'DD1 generator',
    isResult: true,
    open: (compiler, batchSize) => compileOneStep({ generator, weights, batchSize }, compiler),
  };
  if (secondStart === undefined) return [oneStep];
  return [
    oneStep,
    {
      name: 'DD1 generator, 2 steps',
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
