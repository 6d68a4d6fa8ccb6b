import type { HostTensors } from '@ar-distill/program';
import type { DistillationSubject, MethodRow } from '../../plugin/distillation-method';
import { compileArDiffusion } from '../../sampling/compile-ar-diffusion';
import { compileOneStep } from '../../sampling/one-step-sampler';

/** Euler steps per AR step of the AR-diffusion model, as in the paper. */
const SOLVER_STEPS = 10;

/** What the method trained. */
export interface CsdWeights {
  /** Moving average of the generator's weights. */
  readonly weights: Readonly<HostTensors>;
  /** The generator's weights as the last update left them. */
  readonly raw: Readonly<HostTensors>;
  /** The AR-diffusion model (stage 1). */
  readonly tuned: Readonly<HostTensors>;
  /** Weights of the velocity network that the generator started from. */
  readonly initial: () => Readonly<HostTensors>;
}

/** The generator, and what it started from. */
export function csdRows(
  { generator, network }: Pick<DistillationSubject, 'generator' | 'network'>,
  { weights, raw, tuned, initial }: CsdWeights,
): readonly MethodRow[] {
  return [
    {
      name: 'DD2 generator',
      isResult: true,
      open: (compiler, batchSize) => compileOneStep({ generator, weights, batchSize }, compiler),
    },
    {
      name: 'DD2 generator, raw weights',
      isDetail: true,
      open: (compiler, batchSize) =>
        compileOneStep({ generator, weights: raw, batchSize }, compiler),
    },
    {
      name: 'one step before distillation',
      open: (compiler, batchSize) =>
        compileOneStep(
          { generator, weights: generator.initialize(initial()), batchSize },
          compiler,
        ),
    },
    {
      name: 'AR-diffusion initialisation',
      open: (compiler, batchSize) =>
        compileArDiffusion(
          { network, weights: tuned, batchSize, solverSteps: SOLVER_STEPS },
          compiler,
        ),
    },
  ];
}
