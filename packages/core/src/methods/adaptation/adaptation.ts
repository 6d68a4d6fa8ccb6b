import type { HostTensors } from '@ar-distill/program';
import { checkCondition } from '../../model/condition';
import { PLAIN_SAMPLING } from '../../model/conditional-score-teacher';
import { isDiscrete } from '../../model/discrete-score-teacher';
import type { TrainingEnvironment } from '../../optimization/training-loop';
import type { Backbone } from '../../plugin/backbone';
import type { MethodServices, MethodStage, StagedWork } from '../../plugin/distillation-method';
import { TrainingInterruptedError } from '../../ports/interruption';
import { SAMPLER_BATCH, sequenceBatch } from '../../sampling/batch-sizes';
import { createTeacherPool } from '../../sampling/teacher-pool';
import { keptArrays } from '../kept-arrays';
import { StageResult } from '../stage-result';
import { FORWARD, TRAINING } from '../stage-work';
import type { AdaptationSettings } from './adaptation-settings';
import { ADAPTATION_STAGES, fineTuneTeacher, regressTable } from './adaptation-training';
import { type LoadedTeacher, teacherFidelity, type TeacherFidelity } from './teacher-fidelity';
import { splitSequences, type TokenSequences } from '../../model/token-sequences';

/** What the adaptation works on. */
export interface AdaptationSubject<A = unknown> {
  readonly backbone: Backbone<A>;
  /** Of the teacher that reads tokens. */
  readonly architecture: A;
  readonly teacherWeights: Readonly<HostTensors>;
  /**
   * What the teacher is fine-tuned on, the last `heldOut` of it what it is measured with: sequences of
   * a data set. The teacher's own when left out.
   */
  readonly sequences?: TokenSequences | undefined;
  readonly settings: AdaptationSettings;
}

/** An adapted teacher, and how close it stayed to the original. */
export interface AdaptedTeacher<A = unknown> {
  readonly architecture: A;
  readonly weights: Readonly<HostTensors>;
  /** Squared error of the regression over the embedding table's squared norm. */
  readonly relativeError: number;
  /** After the regression alone. */
  readonly regressed: TeacherFidelity;
  /** After the fine-tuning. */
  readonly fineTuned: TeacherFidelity;
}

/**
 * Stage 0 (DD2, appendix E): a teacher that reads tokens becomes one that reads continuous code
 * vectors. Its new input layers learn the embedding table, then everything is fine-tuned with the AR
 * loss. Both results are compared with the original on sequences that were held out.
 * @throws Error when the backbone offers no adaptation, or all sequences would be held out.
 */
export function startAdaptation<A>(
  subject: AdaptationSubject<A>,
  services: Pick<MethodServices, 'compiler' | 'rng'>,
): StagedWork<AdaptedTeacher<A>> {
  const { backbone, architecture, teacherWeights, settings } = subject;
  const { adaptation } = backbone;
  if (!adaptation) {
    throw new Error(
      `The backbone "${backbone.name}" offers no adaptation: distil its teachers as they are.`,
    );
  }
  const { regression, fineTuning, heldOut } = settings;
  const continuous = adaptation.adaptedArchitecture(architecture);
  const original = plainTeacher(backbone, architecture, teacherWeights);
  const sequences = new StageResult<readonly [TokenSequences, TokenSequences]>(
    ADAPTATION_STAGES.sequences,
  );
  if (subject.sequences) {
    sequences.give(dividedSequences(subject.sequences, original, settings));
  }
  const regressed = new StageResult<RegressedTeacher>(ADAPTATION_STAGES.regression);
  const adapted = new StageResult<AdaptedTeacher<A>>(ADAPTATION_STAGES.fineTuning);

  const compare = (
    teacher: LoadedTeacher,
    part: TrainedPart,
    environment: TrainingEnvironment,
  ): Promise<TeacherFidelity> =>
    teacherFidelity(
      original,
      teacher,
      sequences.value[1],
      fineTuning.batchSize,
      services.compiler,
      () => refuseInterrupted(environment, part, settings),
    );
  const measuring = 2 * heldOut * FORWARD;

  const ownSequences: MethodStage = {
    name: ADAPTATION_STAGES.sequences,
    title: 'Sequences of the teacher that reads tokens',
    work: (settings.sequences + heldOut) * FORWARD,
    run: async (environment) => {
      const own = await drawSequences(backbone.name, original, settings, services, environment);
      sequences.give(dividedSequences(own, original, settings));
    },
  };
  const stages: MethodStage[] = [
    ...(subject.sequences ? [] : [ownSequences]),
    {
      name: ADAPTATION_STAGES.regression,
      title: 'Regression of the embedding table',
      work: regression.iterations * TRAINING + measuring,
      run: async (environment) => {
        const { weights, relativeError } = await regressTable(
          { adaptation, architecture, teacherWeights, settings },
          services,
          environment,
        );
        const teacher = plainTeacher(backbone, continuous, weights);
        const fidelity = await compare(teacher, 'regression', environment);
        regressed.give({ weights, relativeError, fidelity });
      },
    },
    {
      name: ADAPTATION_STAGES.fineTuning,
      title: 'Fine-tuning of the adapted teacher',
      work: fineTuning.iterations * fineTuning.batchSize * TRAINING + measuring,
      run: async (environment) => {
        const { weights: initial, relativeError, fidelity } = regressed.value;
        const tuned = await keptArrays(environment.run, ADAPTATION_STAGES.fineTuning, () =>
          fineTuneTeacher(
            {
              adaptation,
              architecture,
              teacherWeights: original.weights,
              initial,
              sequences: sequences.value[0],
              settings,
            },
            services,
            environment,
          ),
        );
        const teacher = plainTeacher(backbone, continuous, tuned);
        const fineTuned = await compare(teacher, 'fineTuning', environment);
        const { weights } = teacher;
        adapted.give({
          architecture: continuous,
          weights,
          relativeError,
          regressed: fidelity,
          fineTuned,
        });
        regressed.forget();
      },
    },
  ];
  return { stages, outcome: () => adapted.value };
}

interface RegressedTeacher {
  readonly weights: Readonly<HostTensors>;
  readonly relativeError: number;
  readonly fidelity: TeacherFidelity;
}

/** A teacher with its undistorted distribution; throws when it has no tokens to compare. */
function plainTeacher<A>(
  backbone: Backbone<A>,
  architecture: A,
  weights: Readonly<HostTensors>,
): LoadedTeacher {
  const teacher = backbone.createTeacher(architecture, PLAIN_SAMPLING);
  if (!isDiscrete(teacher)) {
    throw new Error(
      `The teacher of the backbone "${backbone.name}" has no tokens: leave its adaptation out.`,
    );
  }
  const own = Object.keys(teacher.parameterSpecs).map((name) => {
    const value = weights[name];
    if (!value) {
      throw new Error(
        `The weights lack the parameter "${name}" of the teacher: give those of the architecture.`,
      );
    }
    return [name, value] as const;
  });
  return { teacher, weights: Object.fromEntries(own) };
}

/** Sequences to fine-tune on, and those that are held out. */
function dividedSequences(
  sequences: TokenSequences,
  { teacher }: LoadedTeacher,
  { heldOut }: AdaptationSettings,
): readonly [TokenSequences, TokenSequences] {
  const count = sequences.tokens.shape[0]!;
  checkCondition(teacher.condition, sequences.condition, count);
  if (count <= heldOut) {
    throw new Error(`The data have ${count} sequences: set "heldOut" below that.`);
  }
  return splitSequences(sequences, count - heldOut);
}

async function drawSequences(
  backbone: string,
  { teacher, weights }: LoadedTeacher,
  { sequences, heldOut }: AdaptationSettings,
  { compiler, rng }: Pick<MethodServices, 'compiler' | 'rng'>,
  environment: TrainingEnvironment,
): Promise<TokenSequences> {
  const { tokens, condition } = await createTeacherPool(
    {
      teacher,
      teacherWeights: weights,
      size: sequences + heldOut,
      batchSize: sequenceBatch(teacher.layout, SAMPLER_BATCH),
      name: ADAPTATION_STAGES.sequences,
    },
    compiler,
    rng,
    environment,
  );
  if (!tokens) {
    throw new Error(
      `The sampler of the backbone "${backbone}" does not say its tokens: give them with the sequences.`,
    );
  }
  return { tokens, condition };
}

/** The parts of an adaptation that train, as its settings call them. */
type TrainedPart = 'regression' | 'fineTuning';

/** Measuring takes a while: whoever wants to stop should not wait for it. */
function refuseInterrupted(
  { signal }: TrainingEnvironment,
  part: TrainedPart,
  settings: AdaptationSettings,
): void {
  const { iterations } = settings[part];
  if (signal.aborted)
    throw new TrainingInterruptedError(ADAPTATION_STAGES[part], iterations, iterations);
}
