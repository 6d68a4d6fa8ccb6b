import type { HostTensors } from '@ar-distill/program';
import type { TokenSequences } from '../../model/token-sequences';
import type { TrainingEnvironment } from '../../optimization/training-loop';
import type {
  Distillation,
  DistillationMethod,
  DistillationOutcome,
  DistillationSubject,
  MethodPlan,
  MethodServices,
  MethodStage,
  PlannedTraining,
  RealSequences,
} from '../../plugin/distillation-method';
import { SAMPLER_BATCH, sequenceBatch } from '../../sampling/batch-sizes';
import { createTeacherPool, type TeacherPool } from '../../sampling/teacher-pool';
import { keptArrays, loadKept } from '../kept-arrays';
import { microBatchSize } from '../micro-batch-size';
import { StageResult } from '../stage-result';
import { FORWARD } from '../stage-work';
import { checkStepWeights } from '../../losses/step-weights';
import { ADVERSARIAL, checkAdversarial } from './adversarial-settings';
import { CSD_ROWS, csdRows } from './csd-rows';
import { csdWork } from './csd-work';
import { Discriminator } from './discriminator';
import { DISTILLATION_STAGE, type DistilledGenerator, distillGenerator } from './distillation';
import { type DistillationSettings, distillationSettingsSchema } from './distillation-settings';
import { generatedPrefix } from './generated-prefix';
import { checkGuidanceRange, GUIDANCE_RANGE, overGuidanceRange } from './guidance-settings';
import { type Initialization, initialVelocityWeights } from './initialization';
import { checkPhases, planPhases } from './phases';
import { collectRealSequences, REAL_STAGE } from './real-sequences';
import { planRegression, REGRESSION_STAGE } from './regression';
import { tuneNetwork } from './tuning';
import { TUNING_SETTINGS, TUNING_STAGES, tuningIterations, type TuningPart } from './tuning-parts';

const POOL_STAGE = 'teacher-pool';

/** Conditional score distillation, the method of Distilled Decoding 2 (arXiv 2510.21003). */
export const csd: DistillationMethod<DistillationSettings> = {
  name: 'csd',
  summary: 'conditional score distillation (Distilled Decoding 2)',
  settingsSchema: distillationSettingsSchema,
  // What the message of a training that diverged asks for, and how often is saved.
  resumable: {
    'tuning.learningRate': TUNING_STAGES.full,
    'regression.learningRate': REGRESSION_STAGE,
    generatorLearningRate: DISTILLATION_STAGE,
    guidanceLearningRate: DISTILLATION_STAGE,
    gradientClip: DISTILLATION_STAGE,
    checkpointInterval: DISTILLATION_STAGE,
  },
  // Who says a number of updates means all of them, however many phases a preset has.
  implied: { generatorIterations: { phases: [{}] } },
  // With one guidance update per generator update the generator would lose modes faster than the
  // guidance network notices.
  quickSettings: {
    teacherPoolSize: 2560,
    tuning: { headIterations: 10, fullIterations: 120 },
    regression: { pairs: 2560, iterations: 120 },
    generatorIterations: 120,
    guidanceUpdates: 2,
    warmUpFraction: 0.05,
    phases: [{}],
    checkpointInterval: 30,
  },
  plan,
  start,
};

function plan(settings: DistillationSettings): MethodPlan {
  microBatchSize(settings);
  microBatchSize(settings.tuning);
  checkPhases(settings);
  checkAdversarial(settings);
  checkGuidanceRange(settings);
  const { guidanceRange } = settings;
  return {
    training: plannedTraining(settings),
    rows: CSD_ROWS,
    pool: {
      size: settings.teacherPoolSize,
      setting: 'teacherPoolSize',
      arrays: POOL_STAGE,
      dependsOn: ['teacherPoolSize', 'seed', ...(guidanceRange ? [GUIDANCE_RANGE] : [])],
    },
    tuning: { dependsOn: TUNING_SETTINGS },
    ...(settings.adversarial ? { realSequencesFor: ADVERSARIAL } : {}),
    ...(guidanceRange ? { guidanceRange } : {}),
  };
}

/**
 * The stages: sequences of the teacher, real ones where the settings ask for them, stage 1 (the head alone
 * where the settings ask for it, then everything), θ's regression where they do, stage 2.
 */
function start(
  given: DistillationSubject<DistillationSettings>,
  services: MethodServices,
): Distillation {
  // Said now and not when stage 1 is over.
  plan(given.settings);
  const subject = overGuidanceRange(given);
  const { settings, network, teacherWeights } = subject;
  checkStepWeights({ ...settings, layout: network.layout });
  const adversary = adversaryOf(subject, services);
  // A teacher without codes is refused now, too.
  generatedPrefix(subject);
  const work = csdWork(settings);
  const pool = new StageResult<TeacherPool>(POOL_STAGE);
  const real = new StageResult<TokenSequences>(REAL_STAGE);
  const head = new StageResult<HostTensors>(TUNING_STAGES.head);
  const tuned = new StageResult<HostTensors>(TUNING_STAGES.full);
  const distilled = new StageResult<DistilledGenerator>(DISTILLATION_STAGE);
  const withHead = tuningIterations('head', settings) > 0;

  const fresh = (): HostTensors => network.initializeFromTeacher(teacherWeights, services.rng);
  const tune = async (
    part: TuningPart,
    initial: () => HostTensors,
    environment: TrainingEnvironment,
  ): Promise<HostTensors> => {
    const { run } = environment;
    const name = TUNING_STAGES[part];
    // Without updates there may still be weights of another run, which were put into this one.
    if (tuningIterations(part, settings) === 0) return (await loadKept(run, name)) ?? initial();
    return keptArrays(run, name, () =>
      tuneNetwork({ ...subject, pool: pool.value }, part, initial(), services, environment),
    );
  };
  const velocityWeights = (which: keyof Initialization): Readonly<HostTensors> =>
    initialVelocityWeights(network, settings.initialization, which, tuned.value, services.rng);
  const startOfGenerator = (): Readonly<HostTensors> =>
    subject.generator.initialize(velocityWeights('generator'));
  const regression = planRegression(subject, startOfGenerator, services);
  const initialGenerator = (): Readonly<HostTensors> =>
    regression ? regression.result.value : startOfGenerator();
  const tuningOfHead: MethodStage = {
    name: TUNING_STAGES.head,
    title: 'Tuning of the head',
    work: work.head,
    run: async (environment) => head.give(await tune('head', fresh, environment)),
  };
  const readingReal = (sequences: RealSequences): MethodStage => ({
    name: REAL_STAGE,
    title: 'Real sequences',
    work: sequences.count * FORWARD,
    run: async (environment) =>
      real.give(await collectRealSequences(sequences, subject.teacher, environment)),
  });

  const stages: MethodStage[] = [
    {
      name: POOL_STAGE,
      title: 'Sequences of the teacher',
      work: work.pool,
      run: async (environment) => pool.give(await drawPool(subject, services, environment)),
    },
    ...(adversary ? [readingReal(adversary.sequences)] : []),
    ...(withHead ? [tuningOfHead] : []),
    {
      name: TUNING_STAGES.full,
      title: 'Tuning of the AR-diffusion model',
      work: work.full,
      run: async (environment) => {
        tuned.give(await tune('full', withHead ? () => head.value : fresh, environment));
        head.forget();
      },
    },
    ...(regression?.stages ?? []),
    {
      name: DISTILLATION_STAGE,
      title: 'Conditional score distillation',
      work: work.distillation,
      run: async (environment) =>
        distilled.give(
          await distillGenerator(
            {
              ...subject,
              pool: pool.value,
              initial: {
                generator: initialGenerator(),
                guidance: {
                  ...velocityWeights('guidance'),
                  ...adversary?.discriminator.initialize(services.rng),
                },
              },
              ...(adversary ? { real: real.value } : {}),
            },
            services,
            environment,
          ),
        ),
    },
  ];
  return {
    stages,
    outcome: (): DistillationOutcome => {
      const { raw, ...snapshot } = distilled.value;
      return {
        ...snapshot,
        // What was drawn at all scales of a range is not what the teacher draws.
        ...(settings.guidanceRange ? {} : { pool: pool.value }),
        rows: csdRows(subject, {
          weights: snapshot.weights,
          raw,
          tuned: tuned.value,
          initial: initialGenerator,
        }),
      };
    },
  };
}

/** A discriminator, and the real sequences that it learns on. */
interface Adversary {
  readonly discriminator: Discriminator;
  readonly sequences: RealSequences;
}

/**
 * What the settings' term from real data needs; undefined where they have none.
 * @throws Error with a sentence when the networks or the application cannot give it.
 */
function adversaryOf(
  subject: DistillationSubject<DistillationSettings>,
  { realSequences }: MethodServices,
): Adversary | undefined {
  if (!subject.settings.adversarial) return undefined;
  const discriminator = new Discriminator(subject);
  if (realSequences) return { discriminator, sequences: realSequences };
  throw new Error(`There are no real sequences, which "${ADVERSARIAL}" reads: leave it out.`);
}

function plannedTraining(settings: DistillationSettings): PlannedTraining[] {
  const { tuning, initialization, regression, batchSize } = settings;
  const of = (name: string, updates: number, size: number): PlannedTraining[] =>
    updates > 0 ? [{ name, updates, sequences: updates * size }] : [];
  const phases = planPhases(settings);
  return [
    ...of('head of the AR-diffusion model', tuning.headIterations, tuning.batchSize),
    ...of('AR-diffusion model', tuning.fullIterations, tuning.batchSize),
    ...(initialization.generator === 'regressed'
      ? of('regression of the generator', regression.iterations, regression.batchSize)
      : []),
    ...phases.flatMap(({ number, iterations, guidanceUpdates, trainsGenerator }) => {
      const place = phases.length > 1 ? `phase ${number}, ` : '';
      return [
        ...of(`${place}guidance network`, iterations * guidanceUpdates, batchSize),
        ...of(`${place}generator`, trainsGenerator ? iterations : 0, batchSize),
      ];
    }),
  ];
}

function drawPool(
  { teacher, teacherWeights, settings }: DistillationSubject<DistillationSettings>,
  { compiler, rng, poolCache }: MethodServices,
  environment: TrainingEnvironment,
): Promise<TeacherPool> {
  const size = settings.teacherPoolSize;
  return createTeacherPool(
    {
      teacher,
      teacherWeights,
      size,
      name: POOL_STAGE,
      batchSize: sequenceBatch(teacher.layout, Math.min(SAMPLER_BATCH, size)),
    },
    compiler,
    rng,
    { ...environment, cache: poolCache },
  );
}
