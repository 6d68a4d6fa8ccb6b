import type { HostTensors } from '@ar-distill/program';
import type { DistillationSubject, MethodRow, PlannedRow } from '../../plugin/distillation-method';
import { compileArDiffusion } from '../../sampling/compile-ar-diffusion';
import { compileOneStep } from '../../sampling/one-step-sampler';
import { BEFORE_DISTILLATION } from '../before-distillation';

/** Euler steps per AR step of the AR-diffusion model, as in the paper. */
const SOLVER_STEPS = 10;
/** Fewer of them, for reports that ask. */
const FEWER_SOLVER_STEPS = [1, 2, 4];

const GENERATOR: PlannedRow = { name: 'DD2 generator', isResult: true };
const RAW: PlannedRow = { name: 'DD2 generator, raw weights', isDetail: true };

/** A row of the AR-diffusion model. */
interface TunedRow extends PlannedRow {
  readonly solverSteps: number;
}

const TUNED: readonly TunedRow[] = [
  { name: 'AR-diffusion initialisation', solverSteps: SOLVER_STEPS },
  ...FEWER_SOLVER_STEPS.map((solverSteps) => ({
    name: `AR-diffusion initialisation, ${solverSteps} Euler ${solverSteps === 1 ? 'step' : 'steps'}`,
    isOptional: true,
    solverSteps,
  })),
];

/** The rows of `csdRows`. */
export const CSD_ROWS: readonly PlannedRow[] = [GENERATOR, RAW, BEFORE_DISTILLATION, ...TUNED];

/** What the method trained. */
export interface CsdWeights {
  /** Moving average of the generator's weights. */
  readonly weights: Readonly<HostTensors>;
  /** The generator's weights as the last update left them. */
  readonly raw: Readonly<HostTensors>;
  /** The AR-diffusion model (stage 1). */
  readonly tuned: Readonly<HostTensors>;
  /** Those that it started from. */
  readonly initial: () => Readonly<HostTensors>;
}

/** The generator, and what it started from. */
export function csdRows(
  { generator, network }: Pick<DistillationSubject, 'generator' | 'network'>,
  { weights, raw, tuned, initial }: CsdWeights,
): readonly MethodRow[] {
  return [
    {
      ...GENERATOR,
      open: (compiler, batchSize) => compileOneStep({ generator, weights, batchSize }, compiler),
    },
    {
      ...RAW,
      open: (compiler, batchSize) =>
        compileOneStep({ generator, weights: raw, batchSize }, compiler),
    },
    {
      ...BEFORE_DISTILLATION,
      open: (compiler, batchSize) =>
        compileOneStep({ generator, weights: initial(), batchSize }, compiler),
    },
    ...TUNED.map(({ solverSteps, ...planned }): MethodRow => ({
      ...planned,
      open: (compiler, batchSize) =>
        compileArDiffusion({ network, weights: tuned, batchSize, solverSteps }, compiler),
    })),
  ];
}
