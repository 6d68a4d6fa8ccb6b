import { scalar, type HostTensors } from '@ar-distill/nn';
import type { TeacherAdaptation } from '../plugin/teacher-adaptation';
import type { Rng } from '../ports/rng';
import type { StepCompiler } from '../ports/step-compiler';
import type { AdaptationSettings } from './adaptation-settings';
import { requireFiniteState } from './finite-state';
import type { SupervisedTask } from './supervised-task';
import { trainSupervised, type SupervisedTraining } from './supervised-training';
import { tokenBatch, type TokenSequences } from './token-sequences';
import type { TrainingEnvironment } from './training-loop';

/** Names of the two parts in metrics, checkpoints and saved arrays. */
export const ADAPTATION_STAGES = {
  regression: 'adaptation-regression',
  fineTuning: 'adaptation',
} as const;

/** What the adaptation works on. */
export interface AdaptationSubject<A = unknown> {
  readonly adaptation: TeacherAdaptation<A>;
  /** Of the teacher that reads tokens. */
  readonly architecture: A;
  readonly teacherWeights: Readonly<HostTensors>;
  /** What the fine-tuning sees: drawn from the teacher itself, or data. */
  readonly sequences: TokenSequences;
  readonly settings: AdaptationSettings;
}

/** Outcome of the adaptation. */
export interface AdaptedTeacher {
  readonly weights: HostTensors;
  /** The adapted teacher before it was fine-tuned. */
  readonly regressedWeights: HostTensors;
  /** Squared error of the regression over the embedding table's squared norm. */
  readonly relativeError: number;
}

/**
 * Stage 0 (DD2, appendix E): a teacher that reads tokens becomes one that reads continuous code
 * vectors. Its new input layers learn the embedding table, then everything is fine-tuned with the AR
 * loss. Finished parts are loaded from the run.
 */
export async function adaptTeacher<A>(
  subject: AdaptationSubject<A>,
  compiler: StepCompiler,
  rng: Rng,
  environment: TrainingEnvironment,
): Promise<AdaptedTeacher> {
  const { adaptation, architecture, teacherWeights, sequences, settings } = subject;
  const part = async (training: Omit<SupervisedTraining, 'checkpointInterval'>) => {
    const finished = await environment.run.loadArrays(training.name);
    if (finished) return finished;
    const { weights, seconds } = await trainSupervised(training, compiler, rng, environment);
    await environment.run.saveArrays(training.name, weights);
    environment.progress.message(
      `${training.name}: ${training.settings.iterations} updates in ${seconds.toFixed(1)} s`,
    );
    return weights;
  };

  const regression = adaptation.createRegressionTask(architecture);
  const regressed = await part({
    name: ADAPTATION_STAGES.regression,
    task: regression,
    // The task reads no batch: every update sees the whole codebook.
    settings: { ...settings.regression, batchSize: 1, seed: settings.seed },
    initial: teacherWeights,
    batch: () => ({}),
  });
  const relativeError = await figureOf(regression, regressed, 'relativeError', compiler, rng);
  requireFiniteState(ADAPTATION_STAGES.regression, settings.regression.iterations - 1, {
    relativeError: scalar(relativeError),
  });
  const regressedWeights = adaptation.adaptedWeights(architecture, teacherWeights, regressed);
  const count = sequences.labels.shape[0]!;
  const weights = await part({
    name: ADAPTATION_STAGES.fineTuning,
    task: adaptation.createFineTuningTask(architecture),
    settings: { ...settings.fineTuning, seed: settings.seed },
    initial: regressedWeights,
    batch: (iteration, batchSize) =>
      tokenBatch(
        sequences,
        rng.integers(`${ADAPTATION_STAGES.fineTuning}/rows`, iteration, batchSize, count),
      ),
  });
  return { weights, regressedWeights, relativeError };
}

/** A metric of a task that reads no batch, at the given weights. */
async function figureOf(
  task: SupervisedTask,
  weights: Readonly<HostTensors>,
  metric: string,
  compiler: StepCompiler,
  rng: Rng,
): Promise<number> {
  const store = await compiler.createStore(weights);
  const step = await compiler.compile(
    {
      name: metric,
      fn: ({ state, inputs }) => {
        const value = task.evaluate(state, inputs).metrics[metric];
        if (!value) throw new Error(`The regression of the adaptation has no metric "${metric}".`);
        return { outputs: { value } };
      },
      state: Object.keys(weights),
      inputs: task.noiseSpecs?.(1) ?? {},
    },
    store,
  );
  const { value } = await step.run(task.drawNoise?.(rng, 0, 1) ?? {});
  await step.dispose();
  await store.dispose();
  return value!.data[0]!;
}
