import type { HostTensors } from '@ar-distill/program';
import type { TokenSequences } from '../../model/token-sequences';
import { ParameterGroup } from '../../optimization/parameter-group';
import type { DistillationSubject } from '../../plugin/distillation-method';
import type { TeacherPool } from '../../sampling/teacher-pool';
import type { DistillationSettings } from './distillation-settings';
import { Discriminator } from './discriminator';
import type { Initialization } from './initialization';
import type { TuningSettings } from './tuning-parts';

/** What stage 1 works on. */
export interface TuningSubject extends DistillationSubject<TuningSettings> {
  /** The teacher's sequences, which stage 1 learns on. */
  readonly pool: TeacherPool;
}

/** What stage 2 works on. */
export interface CsdSubject extends DistillationSubject<DistillationSettings> {
  /** The teacher's sequences, whose spread those of the generator are watched against. */
  readonly pool: TeacherPool;
  /** Weights that θ and ψ start from; those of a discriminator are among ψ's. */
  readonly initial: Readonly<Record<keyof Initialization, Readonly<HostTensors>>>;
  /** What the discriminator compares generated sequences with, where the settings have one. */
  readonly real?: TokenSequences | undefined;
}

/** θ with its moving average, and ψ. */
export interface DistillationGroups {
  readonly generator: ParameterGroup;
  readonly guidance: ParameterGroup;
}

/** The two networks of stage 2 as groups of one store. */
export function createGroups({
  initial,
  network,
  generator,
  settings,
}: CsdSubject): DistillationGroups {
  const accumulates = settings.accumulation > 1;
  return {
    generator: new ParameterGroup('generator', initial.generator, {
      isTrained: (name) => generator.isTrainable(name),
      ema: true,
      accumulates,
    }),
    guidance: new ParameterGroup('guidance', initial.guidance, {
      isTrained: (name) => Discriminator.isParameter(name) || network.isTrainable(name),
      ema: false,
      accumulates,
    }),
  };
}
