import type { HostTensors } from '@ar-distill/program';
import type { ConditionalScoreTeacher } from '../../model/conditional-score-teacher';
import type { VelocityNetwork } from '../../model/velocity-network';
import { ParameterGroup } from '../../optimization/parameter-group';
import type { TeacherPool } from '../../sampling/teacher-pool';
import type { DistillationSettings } from './distillation-settings';

/** What stage 2 works on. */
export interface DistillationSubject {
  readonly teacher: ConditionalScoreTeacher;
  readonly teacherWeights: Readonly<HostTensors>;
  readonly network: VelocityNetwork;
  /** Weights that both the generator and the guidance network start from (stage 1). */
  readonly initial: Readonly<HostTensors>;
  /** The teacher's sequences: the generator's are watched against their spread. */
  readonly pool: TeacherPool;
  readonly settings: DistillationSettings;
}

/** θ with its moving average, and ψ: both start from the same weights. */
export interface DistillationGroups {
  readonly generator: ParameterGroup;
  readonly guidance: ParameterGroup;
}

/** The two networks of stage 2 as groups of one store. */
export function createGroups({
  initial,
  network,
  settings,
}: DistillationSubject): DistillationGroups {
  const isTrained = (name: string): boolean => network.isTrainable(name);
  const accumulates = settings.accumulation > 1;
  return {
    generator: new ParameterGroup('generator', initial, { isTrained, ema: true, accumulates }),
    guidance: new ParameterGroup('guidance', initial, { isTrained, ema: false, accumulates }),
  };
}
