import { initializeParameters } from '@ar-distill/nn';
import type { HostTensors, Rng, StepCompiler } from '@ar-distill/program';
import { disposing } from './disposing';
import { progressiveEmaDecay } from './ema-schedule';
import { requireFiniteState } from './finite-state';
import { learningRateSchedule } from './learning-rate';
import { OptimizerStep } from './optimizer-step';
import { ParameterGroup } from './parameter-group';
import type { SupervisedSettings } from './supervised-settings';
import type { SupervisedTask } from './supervised-task';
import { runStage, type TrainingEnvironment } from './training-loop';

/** Everything a supervised training needs. */
export interface SupervisedTraining {
  readonly name: string;
  readonly task: SupervisedTask;
  readonly settings: SupervisedSettings;
  /** Values that replace fresh ones, such as the tokenizer's codebook in a teacher. */
  readonly initial?: Readonly<HostTensors>;
  /** Weights that the task reads and does not train, such as another network's. */
  readonly constants?: Readonly<HostTensors> | undefined;
  /**
   * Arrays of `task.batchSpecs` for a micro-batch, of `size` samples; `number` counts those of all iterations from 0.
   * Read from a disk, they may take as long as a step.
   */
  readonly batch: (number: number, size: number) => HostTensors | Promise<HostTensors>;
  /** Micro-batches per update, which have equal parts of the batch; 1 when left out. */
  readonly microBatches?: number;
  readonly checkpointInterval?: number;
  /** Called after each checkpoint and at the end, with the weights that training would return now. */
  onCheckpoint?(trained: TrainedWeights, iterationsDone: number): Promise<void>;
}

/** What a training gives. */
export interface TrainedWeights {
  /** Their moving average when the settings ask for one. */
  readonly weights: HostTensors;
  /** Seconds trained so far. */
  readonly seconds: number;
}

/**
 * Trains a task (tokenizer, teacher, classifier) with AdamW; returns its weights: their moving
 * average when the settings ask for one. Resumes from the run's checkpoint.
 */
export async function trainSupervised(
  training: SupervisedTraining,
  compiler: StepCompiler,
  rng: Rng,
  environment: TrainingEnvironment,
): Promise<TrainedWeights> {
  const { task, settings, name, microBatches = 1 } = training;
  const { batchSize, iterations } = settings;
  const initial = { ...initializeParameters(task.parameterSpecs, rng) };
  for (const parameter of Object.keys(initial)) {
    const given = training.initial?.[parameter];
    if (given) initial[parameter] = given;
  }
  const average = settings.emaDecay > 0;
  const group = new ParameterGroup('model', initial, {
    isTrained: (parameter) => task.isTrainable(parameter),
    ema: average,
    accumulates: microBatches > 1,
  });
  const learningRate = learningRateSchedule({
    peak: settings.learningRate,
    initial: 0,
    warmUpFraction: settings.warmUpFraction,
    decay: 'cosine',
    finalFraction: settings.finalLearningRateFraction,
    iterations,
  });
  const { maintenance } = task;
  const size = batchSize / microBatches;
  return disposing(async (own) => {
    const store = own(await compiler.createStore(group.initialState()));
    const step = own(
      await OptimizerStep.compile(compiler, store, {
        name,
        group,
        inputs: { ...task.batchSpecs(size), ...task.noiseSpecs?.(size) },
        ...(training.constants ? { constants: training.constants } : {}),
        objective: (values) => (parameters) =>
          task.evaluate(parameters, values.inputs, values.constants),
        microBatches,
        settings,
      }),
    );
    const seconds = await runStage(
      {
        name,
        iterations,
        checkpointInterval: training.checkpointInterval ?? Math.max(1, Math.ceil(iterations / 10)),
        prepare: (iteration): Promise<HostTensors[]> =>
          Promise.all(
            Array.from({ length: microBatches }, async (_, i) => {
              const number = iteration * microBatches + i;
              const batch = await training.batch(number, size);
              return { ...batch, ...task.drawNoise?.(rng, number, size) };
            }),
          ),
        step: async (batches, iteration) => {
          const metrics = await step.run(batches, [
            {
              learningRate: learningRate(iteration),
              update: iteration + 1,
              emaDecay: progressiveEmaDecay(iteration, settings.emaDecay),
            },
          ]);
          // Repairs stop early enough for what they changed to settle.
          if (
            maintenance &&
            (iteration + 1) % maintenance.interval === 0 &&
            iteration < iterations * 0.7
          ) {
            const weights = await group.weights(store);
            // A repair compares and copies: it would take NaN for a code in use, or spread it.
            requireFiniteState(name, iteration, weights);
            const repaired = maintenance.repair(weights, batches[0]!, rng, iteration);
            requireFiniteState(name, iteration, repaired);
            await store.write(group.replacing(repaired));
          }
          return metrics;
        },
        learningRates: (iteration) => ({ learningRate: learningRate(iteration) }),
        state: store,
        afterCheckpoint: async (done, seconds) =>
          training.onCheckpoint?.({ weights: await group.weights(store, average), seconds }, done),
      },
      environment,
    );
    return { weights: await group.weights(store, average), seconds };
  });
}
