import type { HostTensors } from '@ar-distill/program';
import { callsInOrder } from '../../optimization/calls-in-order';
import { disposing } from '../../optimization/disposing';
import { runStage, type TrainingEnvironment } from '../../optimization/training-loop';
import type { GeneratorSnapshot, MethodServices } from '../../plugin/distillation-method';
import { poolSpread } from '../../sampling/teacher-pool';
import { CollapseMonitor } from './collapse-monitor';
import { createGroups, type CsdSubject } from './csd-subject';
import { BatchDraws } from './distillation-batches';
import { under } from './named-under';
import { generatorSchedule, guidanceSchedules } from './phase-schedules';
import { PhaseSteps } from './phase-steps';
import {
  describePhase,
  type DistillationPhase,
  generatorUpdates,
  phaseAt,
  planPhases,
  totalIterations,
} from './phases';

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
  const { progress } = environment;
  const groups = createGroups(subject);
  const phases = planPhases(settings);
  const iterations = totalIterations(phases);
  const draw = new BatchDraws(subject, services.rng);
  const collapse = new CollapseMonitor(poolSpread(subject.pool), progress);
  return disposing(async (own) => {
    const store = own(
      await services.compiler.createStore({
        ...groups.generator.initialState(),
        ...groups.guidance.initialState(),
      }),
    );
    const steps = own(new PhaseSteps(subject, groups, services.compiler, store));
    const snapshot = async (iteration: number, seconds: number): Promise<GeneratorSnapshot> => {
      const weights = await groups.generator.weights(store, true);
      const done = generatorUpdates(phases, iteration);
      return { iteration, generatorUpdates: done, seconds, weights, total: iterations };
    };
    const seconds = await runStage(
      {
        name: DISTILLATION_STAGE,
        iterations,
        checkpointInterval: settings.checkpointInterval,
        enter: async (iteration) => {
          const phase = phaseAt(phases, iteration);
          await steps.enter(phase);
          if (iteration !== phase.start) return;
          if (phases.length > 1) progress.message(describePhase(phase, phases.length));
          if (phase.fromAverage) await groups.generator.restartFromAverage(store);
        },
        prepare: (iteration) => drawPhase(draw, phaseAt(phases, iteration), iteration),
        step: async (batches, iteration) => {
          const phase = phaseAt(phases, iteration);
          const guided = steps.guidance.run(batches.guidance, guidanceSchedules(phase, iteration));
          // Both calls are queued before the first is awaited: the engine never waits for the host.
          const generated = batches.generator
            ? steps.generator.run(batches.generator, [
                generatorSchedule(phase, iteration, settings.emaDecay),
              ])
            : undefined;
          const [guidance, generator] = await callsInOrder([
            guided,
            generated ?? Promise.resolve(undefined),
          ]);
          if (generator) collapse.observe(generator['spread']!, iteration + 1);
          return {
            ...under('guidance', guidance),
            ...(generator ? under('generator', generator) : {}),
          };
        },
        learningRates: (iteration) => {
          const phase = phaseAt(phases, iteration);
          const [guidance] = guidanceSchedules(phase, iteration);
          const { learningRate } = generatorSchedule(phase, iteration, settings.emaDecay);
          return {
            ...(guidance ? { 'guidance/learningRate': guidance.learningRate } : {}),
            ...(phase.trainsGenerator ? { 'generator/learningRate': learningRate } : {}),
          };
        },
        state: store,
        afterCheckpoint: async (iteration, trained) => {
          // Where ψ trains alone the generator stays what it was.
          if (!phaseAt(phases, iteration - 1).trainsGenerator) return;
          if (services.onSnapshot) await services.onSnapshot(await snapshot(iteration, trained));
        },
      },
      environment,
    );
    const updates = generatorUpdates(phases, iterations);
    progress.message(
      `${DISTILLATION_STAGE}: ${updates} generator updates in ${seconds.toFixed(1)} s`,
    );
    return {
      ...(await snapshot(iterations, seconds)),
      raw: await groups.generator.weights(store),
    };
  });
}

/** What an iteration of a phase reads. */
interface PhaseBatches {
  readonly guidance: HostTensors[];
  /** Absent where ψ trains alone. */
  readonly generator?: HostTensors[];
}

function drawPhase(draw: BatchDraws, phase: DistillationPhase, iteration: number): PhaseBatches {
  const { guidanceUpdates, guidanceBefore, generatorBefore } = phase;
  const done = iteration - phase.start;
  return {
    guidance: draw.guidance(guidanceBefore + done * guidanceUpdates, guidanceUpdates),
    ...(phase.trainsGenerator ? { generator: draw.generator(generatorBefore + done) } : {}),
  };
}
