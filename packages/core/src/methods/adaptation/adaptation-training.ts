import { type HostTensors, scalar } from '@ar-distill/program';
import { disposing } from '../../optimization/disposing';
import { requireFiniteState } from '../../optimization/finite-state';
import type { SupervisedTask } from '../../optimization/supervised-task';
import { type SupervisedTraining, trainSupervised } from '../../optimization/supervised-training';
import type { TrainingEnvironment } from '../../optimization/training-loop';
import type { MethodServices } from '../../plugin/distillation-method';
import type { TeacherAdaptation } from '../../plugin/teacher-adaptation';
import { keptArrays } from '../kept-arrays';
import type { AdaptationSettings } from './adaptation-settings';
import { tokenBatch, type TokenSequences } from '../../model/token-sequences';

/** Names of the stages. */
export const ADAPTATION_STAGES = {
  sequences: 'adaptation-sequences',
  regression: 'adaptation-regression',
  fineTuning: 'adaptation',
} as const;

type Services = Pick<MethodServices, 'compiler' | 'rng'>;

/** A teacher whose input layers learn its embedding table. */
interface TableRegression<A> {
  readonly adaptation: TeacherAdaptation<A>;
  /** Of the teacher that reads tokens. */
  readonly architecture: A;
  readonly teacherWeights: Readonly<HostTensors>;
  readonly settings: AdaptationSettings;
}

/**
 * Weights of the adapted teacher before it is fine-tuned, and how well it knows the table; kept
 * ones are read from the run.
 * @throws TrainingDivergedError when the error is not finite.
 */
export async function regressTable<A>(
  { adaptation, architecture, teacherWeights, settings }: TableRegression<A>,
  services: Services,
  environment: TrainingEnvironment,
): Promise<{ readonly weights: HostTensors; readonly relativeError: number }> {
  const task = adaptation.createRegressionTask(architecture);
  const name = ADAPTATION_STAGES.regression;
  const regressed = await keptArrays(environment.run, name, () =>
    train(
      {
        name,
        task,
        // The task reads no batch: every update sees the whole codebook.
        settings: { ...settings.regression, batchSize: 1, seed: settings.seed },
        initial: teacherWeights,
        batch: () => ({}),
      },
      services,
      environment,
    ),
  );
  const relativeError = await figureOf(task, regressed, 'relativeError', services);
  requireFiniteState(name, settings.regression.iterations - 1, {
    relativeError: scalar(relativeError),
  });
  return {
    weights: adaptation.adaptedWeights(architecture, teacherWeights, regressed),
    relativeError,
  };
}

/** An adapted teacher that is fine-tuned. */
interface FineTuning<A> {
  readonly adaptation: TeacherAdaptation<A>;
  /** Of the teacher that reads tokens. */
  readonly architecture: A;
  readonly teacherWeights: Readonly<HostTensors>;
  /** Weights after the regression. */
  readonly initial: Readonly<HostTensors>;
  readonly sequences: TokenSequences;
  readonly settings: AdaptationSettings;
}

/** Weights of the adapted teacher after its AR loss has trained them all. */
export function fineTuneTeacher<A>(
  { adaptation, architecture, teacherWeights, initial, sequences, settings }: FineTuning<A>,
  services: Services,
  environment: TrainingEnvironment,
): Promise<HostTensors> {
  const name = ADAPTATION_STAGES.fineTuning;
  const count = sequences.tokens.shape[0]!;
  const { targets, ...training } = settings.fineTuning;
  return train(
    {
      name,
      ...(targets === 'tokens'
        ? { task: adaptation.createFineTuningTask(architecture) }
        : { task: adaptation.createMatchingTask(architecture), constants: teacherWeights }),
      settings: { ...training, seed: settings.seed },
      initial,
      batch: (iteration, batchSize) =>
        tokenBatch(sequences, services.rng.integers(`${name}/rows`, iteration, batchSize, count)),
    },
    services,
    environment,
  );
}

async function train(
  training: Omit<SupervisedTraining, 'checkpointInterval'>,
  { compiler, rng }: Services,
  environment: TrainingEnvironment,
): Promise<HostTensors> {
  const { weights, seconds } = await trainSupervised(training, compiler, rng, environment);
  environment.progress.message(
    `${training.name}: ${training.settings.iterations} updates in ${seconds.toFixed(1)} s`,
  );
  return weights;
}

/** A metric of a task that reads no batch, at the given weights. */
function figureOf(
  task: SupervisedTask,
  weights: Readonly<HostTensors>,
  metric: string,
  { compiler, rng }: Services,
): Promise<number> {
  return disposing(async (own) => {
    const store = own(await compiler.createStore(weights));
    const step = own(
      await compiler.compile(
        {
          name: metric,
          fn: ({ state, inputs }) => {
            const value = task.evaluate(state, inputs).metrics[metric];
            if (!value) {
              throw new Error(`The regression of the adaptation has no metric "${metric}".`);
            }
            return { outputs: { value } };
          },
          state: Object.keys(weights),
          inputs: task.noiseSpecs?.(1) ?? {},
        },
        store,
      ),
    );
    const { value } = await step.run(task.drawNoise?.(rng, 0, 1) ?? {});
    return value!.data[0]!;
  });
}
