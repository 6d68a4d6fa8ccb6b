import type { HostTensors } from '@ar-distill/nn';
import { sequenceLength } from '../model/sequence-layout';
import type { Rng } from '../ports/rng';
import type { StateStore, StepCompiler } from '../ports/step-compiler';
import { callsInOrder } from './calls-in-order';
import { CollapseMonitor } from './collapse-monitor';
import { BatchDraws, batchSpecs } from './distillation-batches';
import { generatorObjective, guidanceObjective } from './distillation-objectives';
import type { DistillationSettings } from './distillation-settings';
import {
  createGroups,
  type DistillationGroups,
  type DistillationSubject,
} from './distillation-subject';
import { progressiveEmaDecay } from './ema-schedule';
import { learningRateSchedule } from './learning-rate';
import { OptimizerStep } from './optimizer-step';
import { poolSpread } from './teacher-pool';
import { runStage, type TrainingEnvironment } from './training-loop';

/** A generator as training sees it at some point. */
export interface GeneratorSnapshot {
  /** Generator updates done. */
  readonly iteration: number;
  /** Seconds of stage 2 so far, previews not counted. */
  readonly seconds: number;
  /** Moving average of the weights: what samples come from. */
  readonly average: HostTensors;
}

/** The generator at the end of the training. */
export interface DistilledGenerator extends GeneratorSnapshot {
  /** Weights as the last update left them. */
  readonly raw: HostTensors;
}

/**
 * Stage 2 (DD2, Algorithm 2): K updates of the guidance network ψ by the fake conditional score loss
 * on fresh samples, then one update of the generator θ by conditional score distillation; repeated.
 */
export async function distillGenerator(
  subject: DistillationSubject,
  compiler: StepCompiler,
  rng: Rng,
  environment: TrainingEnvironment,
  onSnapshot?: (snapshot: GeneratorSnapshot) => Promise<void>,
): Promise<DistilledGenerator> {
  const { settings, network, teacher } = subject;
  const groups = createGroups(subject);
  const store = await compiler.createStore({
    ...groups.generator.initialState(),
    ...groups.guidance.initialState(),
  });
  const draw = new BatchDraws(subject, rng);
  const guidanceStep = await compileGuidanceStep(subject, groups, compiler, store);
  const generatorStep = await compileGeneratorStep(subject, groups, compiler, store);
  const schedules = learningRates(settings);
  const collapse = new CollapseMonitor(poolSpread(subject.pool), environment.progress);
  const snapshot = async (iteration: number, seconds: number): Promise<GeneratorSnapshot> => {
    return { iteration, seconds, average: await groups.generator.weights(store, true) };
  };
  const seconds = await runStage(
    {
      name: 'distillation',
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
        if (onSnapshot) await onSnapshot(await snapshot(iteration, trained));
      },
    },
    environment,
  );
  const result = {
    ...(await snapshot(settings.generatorIterations, seconds)),
    raw: await groups.generator.weights(store),
  };
  environment.progress.message(
    `distillation: ${settings.generatorIterations} generator updates in ${seconds.toFixed(1)} s ` +
      `(${teacher.numClasses} classes, n = ${sequenceLength(network.layout)})`,
  );
  await guidanceStep.dispose();
  await generatorStep.dispose();
  await store.dispose();
  return result;
}

function compileGuidanceStep(
  subject: DistillationSubject,
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
  subject: DistillationSubject,
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
    settings,
  });
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
