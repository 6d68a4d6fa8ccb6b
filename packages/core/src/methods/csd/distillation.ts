import type { HostTensors, StateStore, StepCompiler } from '@ar-distill/program';
import { callsInOrder } from '../../optimization/calls-in-order';
import { disposing } from '../../optimization/disposing';
import { progressiveEmaDecay } from '../../optimization/ema-schedule';
import { learningRateSchedule } from '../../optimization/learning-rate';
import { OptimizerStep, type OptimizerStepOptions } from '../../optimization/optimizer-step';
import { runStage, type TrainingEnvironment } from '../../optimization/training-loop';
import type { GeneratorSnapshot, MethodServices } from '../../plugin/distillation-method';
import { poolSpread } from '../../sampling/teacher-pool';
import { CollapseMonitor } from './collapse-monitor';
import { createGroups, type CsdSubject, type DistillationGroups } from './csd-subject';
import { BatchDraws, batchSpecs } from './distillation-batches';
import { generatorObjective, guidanceObjective } from './distillation-objectives';
import type { DistillationSettings } from './distillation-settings';
import { SpreadEstimate, spreadSource } from './spread';

/** The generator at the end of the training. */
export interface DistilledGenerator extends GeneratorSnapshot {
  /** Weights as the last update left them. */
  readonly raw: HostTensors;
}

/** Name of stage 2. */
export const DISTILLATION_STAGE = 'distillation';

/**
 * Stage 2 (DD2, Algorithm 2): K updates of the guidance network ψ by the fake conditional score loss
 * on fresh samples, then one update of the generator θ by conditional score distillation; repeated.
 */
export async function distillGenerator(
  subject: CsdSubject,
  services: MethodServices,
  environment: TrainingEnvironment,
): Promise<DistilledGenerator> {
  const { settings } = subject;
  const { compiler } = services;
  const groups = createGroups(subject);
  const draw = new BatchDraws(subject, services.rng);
  const schedules = learningRates(settings);
  const collapse = new CollapseMonitor(poolSpread(subject.pool), environment.progress);
  return disposing(async (own) => {
    const store = own(
      await compiler.createStore({
        ...groups.generator.initialState(),
        ...groups.guidance.initialState(),
      }),
    );
    const guidanceStep = own(await compileGuidanceStep(subject, groups, compiler, store));
    const generatorStep = own(await compileGeneratorStep(subject, groups, compiler, store));
    const snapshot = async (iteration: number, seconds: number): Promise<GeneratorSnapshot> => {
      const weights = await groups.generator.weights(store, true);
      return { iteration, seconds, weights, total: settings.generatorIterations };
    };
    const seconds = await runStage(
      {
        name: DISTILLATION_STAGE,
        iterations: settings.generatorIterations,
        checkpointInterval: settings.checkpointInterval,
        prepare: (iteration) => ({
          guidance: draw.guidance(iteration),
          generator: draw.generator(iteration),
        }),
        step: async (batches, iteration) => {
          const guided = guidanceStep.run(
            batches.guidance,
            Array.from({ length: settings.guidanceUpdates }, (_, k) => {
              const update = iteration * settings.guidanceUpdates + k;
              return {
                learningRate: schedules.guidance(update),
                update: update + 1,
                emaDecay: 0,
              };
            }),
          );
          // Both calls are queued before the first is awaited: the engine never waits for the host.
          const generated = generatorStep.run(batches.generator, [
            {
              learningRate: schedules.generator(iteration),
              update: iteration + 1,
              emaDecay: progressiveEmaDecay(iteration, settings.emaDecay),
            },
          ]);
          const [guidance, generator] = await callsInOrder([guided, generated]);
          const metrics = {
            ...prefixKeys('guidance', guidance),
            ...prefixKeys('generator', generator),
          };
          collapse.observe(metrics['generator/spread']!, iteration + 1);
          return metrics;
        },
        state: store,
        afterCheckpoint: async (iteration, trained) => {
          if (services.onSnapshot) await services.onSnapshot(await snapshot(iteration, trained));
        },
      },
      environment,
    );
    environment.progress.message(
      `${DISTILLATION_STAGE}: ${settings.generatorIterations} generator updates in ${seconds.toFixed(1)} s`,
    );
    return {
      ...(await snapshot(settings.generatorIterations, seconds)),
      raw: await groups.generator.weights(store),
    };
  });
}

function compileGuidanceStep(
  subject: CsdSubject,
  groups: DistillationGroups,
  compiler: StepCompiler,
  store: StateStore,
): Promise<OptimizerStep> {
  const { settings } = subject;
  return OptimizerStep.compile(compiler, store, {
    name: 'guidance update (FCS)',
    group: groups.guidance,
    reads: groups.generator.valueNames(),
    inputs: batchSpecs(subject, [settings.guidanceNoiseDraws]),
    objective: guidanceObjective(subject, groups),
    microBatches: settings.accumulation,
    updates: settings.guidanceUpdates,
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
    name: 'generator update (CSD)',
    group: groups.generator,
    reads: groups.guidance.valueNames(),
    constants: subject.teacherWeights,
    inputs: batchSpecs(subject, []),
    objective: generatorObjective(subject, groups),
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

function learningRates(settings: DistillationSettings) {
  const shared = {
    initial: settings.initialLearningRate,
    warmUpFraction: settings.warmUpFraction,
    decay: settings.learningRateDecay,
    finalFraction: settings.finalLearningRateFraction,
  };
  const { generatorIterations, guidanceUpdates } = settings;
  return {
    generator: learningRateSchedule({
      ...shared,
      peak: settings.generatorLearningRate,
      iterations: generatorIterations,
    }),
    guidance: learningRateSchedule({
      ...shared,
      peak: settings.guidanceLearningRate,
      iterations: generatorIterations * guidanceUpdates,
    }),
  };
}

function prefixKeys(prefix: string, metrics: Record<string, number>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, value]) => [`${prefix}/${name}`, value]),
  );
}
