import type { StateStore, StepCompiler } from '@ar-distill/program';
import { OptimizerStep, type OptimizerStepOptions } from '../../optimization/optimizer-step';
import { microBatchSize } from '../micro-batch-size';
import type { CsdSubject, DistillationGroups } from './csd-subject';
import { usesTeacherScore } from './adversarial-settings';
import { densityRatioObjective } from './density-ratio-objective';
import { batchSpecs } from './distillation-batches';
import { generatorObjective, guidanceObjective } from './distillation-objectives';
import type { DistillationSettings } from './distillation-settings';
import type { DistillationPhase } from './phases';
import { realSpecs } from './real-batches';
import { SpreadEstimate, spreadSource } from './spread';

/** The compiled updates of θ and ψ, compiled anew where a phase needs others. */
export class PhaseSteps {
  private guidanceStep: OptimizerStep | undefined;
  private generatorStep: OptimizerStep | undefined;

  constructor(
    private readonly subject: CsdSubject,
    private readonly groups: DistillationGroups,
    private readonly compiler: StepCompiler,
    private readonly store: StateStore,
  ) {}

  /** Makes ready what the phase runs. */
  async enter({ guidanceUpdates, trainsGenerator }: DistillationPhase): Promise<void> {
    const { subject, groups, compiler, store } = this;
    if (this.guidanceStep?.updates !== guidanceUpdates) {
      const old = this.guidanceStep;
      this.guidanceStep = undefined;
      await old?.dispose();
      this.guidanceStep = await compileGuidanceStep(
        subject,
        groups,
        guidanceUpdates,
        compiler,
        store,
      );
    }
    if (trainsGenerator) {
      this.generatorStep ??= await compileGeneratorStep(subject, groups, compiler, store);
    }
  }

  /** K updates of ψ. */
  get guidance(): OptimizerStep {
    return entered(this.guidanceStep);
  }

  /** One update of θ. */
  get generator(): OptimizerStep {
    return entered(this.generatorStep);
  }

  async dispose(): Promise<void> {
    await this.guidanceStep?.dispose();
    await this.generatorStep?.dispose();
  }
}

function entered(step: OptimizerStep | undefined): OptimizerStep {
  if (!step) throw new Error('No phase that needs this step has been entered.');
  return step;
}

function compileGuidanceStep(
  subject: CsdSubject,
  groups: DistillationGroups,
  updates: number,
  compiler: StepCompiler,
  store: StateStore,
): Promise<OptimizerStep> {
  const { settings } = subject;
  const readsCodes = settings.adversarial || settings.generatedPrefix === 'codes';
  return OptimizerStep.compile(compiler, store, {
    name: 'guidance update (FCS)',
    group: groups.guidance,
    reads: groups.generator.valueNames(),
    ...(readsCodes ? { constants: subject.teacherWeights } : {}),
    inputs: {
      ...batchSpecs(subject, settings.guidanceNoiseDraws),
      ...(settings.adversarial ? realSpecs(subject, microBatchSize(settings)) : {}),
    },
    objective: guidanceObjective(subject, groups),
    microBatches: settings.accumulation,
    updates,
    settings,
  });
}

function compileGeneratorStep(
  subject: CsdSubject,
  groups: DistillationGroups,
  compiler: StepCompiler,
  store: StateStore,
): Promise<OptimizerStep> {
  const { settings } = subject;
  return OptimizerStep.compile(compiler, store, {
    group: groups.generator,
    reads: groups.guidance.valueNames(),
    constants: subject.teacherWeights,
    ...(usesTeacherScore(settings)
      ? {
          name: 'generator update (CSD)',
          objective: generatorObjective(subject, groups),
        }
      : {
          name: 'generator update (density ratio)',
          objective: densityRatioObjective(subject, groups),
        }),
    inputs: batchSpecs(subject, settings.generatorNoiseDraws),
    microBatches: settings.accumulation,
    ...spreadOf(settings),
    settings,
  });
}

/** The metric `spread` over what an update sees, where a micro-batch sees too little. */
function spreadOf(settings: DistillationSettings): Pick<OptimizerStepOptions, 'combine'> {
  if (spreadSource(settings) === 'batch') return {};
  const estimate = new SpreadEstimate(settings.batchSize);
  return { combine: { spread: (moments) => estimate.add(moments) } };
}
