import type { HostTensor, HostTensors, Rng, StepCompiler } from '@ar-distill/program';
import type { z } from 'zod';
import type { ConditionalScoreTeacher } from '../model/conditional-score-teacher';
import type { FlowMapNetwork } from '../model/flow-map-network';
import type { GuidanceRange } from '../model/guidance-range';
import type { OneStepGenerator, SequenceGenerator } from '../model/one-step-generator';
import type { SequenceSampler } from '../model/sequence-sampler';
import type { VelocityNetwork } from '../model/velocity-network';
import type { TrainingEnvironment } from '../optimization/training-loop';
import type { PoolCache } from '../ports/pool-cache';
import type { TeacherPool } from '../sampling/teacher-pool';
import type { Backbone } from './backbone';

/** What a method distils. */
export interface DistillationSubject<S = unknown> {
  readonly teacher: ConditionalScoreTeacher;
  readonly teacherWeights: Readonly<HostTensors>;
  readonly network: VelocityNetwork;
  readonly generator: OneStepGenerator;
  /** Absent where the backbone has none. */
  readonly flowMapNetwork?: FlowMapNetwork | undefined;
  readonly settings: S;
}

/** One stage of a method, with a resume point of its own. */
export interface MethodStage {
  /** Unique in a run: its name in metrics, checkpoints and saved arrays. */
  readonly name: string;
  /** What is shown while it runs: a noun phrase that starts with a capital. */
  readonly title: string;
  /**
   * Roughly how much there is to compute, in a unit of the method's own: with the time that a part of
   * it took, this tells how long the stages after it will take.
   */
  readonly work: number;
  /**
   * Runs the stage, after those before it, from where the run directory says that it stopped; when
   * it is finished there, only what it gave is read again.
   * @throws TrainingInterruptedError when the environment's signal asked for it; what is needed to
   *   go on is saved.
   */
  run(environment: TrainingEnvironment): Promise<void>;
}

/** Work in stages, each of which hands its result on to the next. */
export interface StagedWork<T> {
  /** In the order in which they have to run. */
  readonly stages: readonly MethodStage[];
  /** @throws Error before all stages have ended. */
  outcome(): T;
}

/** A generator as training sees it at some point. */
export interface GeneratorSnapshot {
  /** Iterations of its training done, as metrics count them. */
  readonly iteration: number;
  /** Generator updates done, where these are not the iterations. */
  readonly generatorUpdates?: number;
  /** Seconds of its training so far, previews not counted. */
  readonly seconds: number;
  /** Weights that samples come from, the moving average where there is one. */
  readonly weights: HostTensors;
  /** Iterations that training will end with: with it a run keeps no more snapshots than reports read. */
  readonly total?: number;
}

/** A row that a method will add to the report. */
export interface PlannedRow {
  readonly name: string;
  /** Whether this is the distilled generator, which everything else is compared with. */
  readonly isResult?: boolean;
  /** Whether it only interests who looks into the method: tables of images leave it out. */
  readonly isDetail?: boolean;
  /** Whether reports leave it out unless they are asked for it by its name. */
  readonly isOptional?: boolean;
}

/** A row that a method adds to the report. */
export interface MethodRow extends PlannedRow {
  /** Its sampler, for batches of `batchSize`; whoever opens it disposes of it. */
  open(compiler: StepCompiler, batchSize: number): Promise<SequenceSampler>;
}

/** What has come of a method once all its stages are finished. */
export interface DistillationOutcome extends GeneratorSnapshot {
  /** Sequences of the teacher, when the method drew some. */
  readonly pool?: TeacherPool;
  /**
   * Sequences with the marginals of the teacher's, where it drew none: independent tokens are taken from them.
   */
  readonly marginals?: TeacherPool;
  /** What reports compare, the result first. */
  readonly rows: readonly MethodRow[];
}

/** One distillation in progress. */
export type Distillation = StagedWork<DistillationOutcome>;

/** Sequences that a method will make. */
export interface PlannedSequences {
  readonly size: number;
  /** Name of the setting that says the size. */
  readonly setting: string;
}

/** Sequences that a method will draw from the teacher. */
export interface PlannedPool extends PlannedSequences {
  /** Name of the arrays that a run keeps them in. */
  readonly arrays: string;
  /** Names of the settings that they depend on, the size's among them. */
  readonly dependsOn: readonly string[];
}

/** Weights that a method will tune first, and that another run may start from. */
export interface PlannedTuning {
  /** Names of the settings that they follow from, beside the teacher and how it draws. */
  readonly dependsOn: readonly string[];
}

/** Training that a method will do. */
export interface PlannedTraining {
  /** What is trained when: "phase 2, guidance network". */
  readonly name: string;
  /** Updates of its weights. */
  readonly updates: number;
  /** Sequences that they see together, each time one is seen counted. */
  readonly sequences: number;
}

/** Real images as token sequences; nothing is encoded before it is asked for. */
export interface RealSequences {
  /** How many there are. */
  readonly count: number;
  /**
   * Encodes all from number `first` on, batch by batch in their order: `take` gets tokens [b, n] int32 and is
   * waited for.
   * @throws the reason of the application's signal, between two batches, when it is aborted.
   */
  encode(first: number, take: (tokens: HostTensor) => Promise<void>): Promise<void>;
  /** What they are of, [count, …]. */
  condition(): Promise<HostTensors>;
}

/** What settings of a method mean, before anything runs. */
export interface MethodPlan {
  /** What will be trained, in order; left out where the method does not say. */
  readonly training?: readonly PlannedTraining[];
  /** The rows of the outcome, the result first; left out where the method does not say. */
  readonly rows?: readonly PlannedRow[];
  /** The pool of the outcome; left out for none. */
  readonly pool?: PlannedPool;
  /** The tuned weights that runs with other settings have alike; left out for none. */
  readonly tuning?: PlannedTuning;
  /** The `marginals` of the outcome; left out for none. */
  readonly marginals?: PlannedSequences;
  /** Name of the setting for which the method reads `MethodServices.realSequences`; left out for none. */
  readonly realSequencesFor?: string;
  /**
   * Guidance scales that the generator will take as an input; left out for none. The sequences of the plan's pool
   * are then of all of them, and the outcome has no pool.
   */
  readonly guidanceRange?: GuidanceRange;
}

/** Services that a distillation works with. */
export interface MethodServices {
  readonly compiler: StepCompiler;
  readonly rng: Rng;
  /** The training split of the preset's data set, for methods whose plan asks for it. */
  readonly realSequences?: RealSequences | undefined;
  /** Where the parts of the pool of the plan are kept beyond the run; absent: in the run. */
  readonly poolCache?: PoolCache | undefined;
  /** Called with the generator at every checkpoint. */
  onSnapshot?(snapshot: GeneratorSnapshot): Promise<void>;
}

/** A way of turning an AR teacher into a one-step generator. */
export interface DistillationMethod<S = unknown> {
  /** Unique among all installed plugins. */
  readonly name: string;
  readonly summary: string;
  readonly settingsSchema: z.ZodType<S>;
  /**
   * Paths of settings (`tuning.learningRate`) that a run may go on with other values of, each with the
   * stage after whose end they mean nothing any more. Nothing else of a run can change; default: none.
   */
  readonly resumable?: Readonly<Record<string, string>>;
  /**
   * Settings that come with one that is given over a preset's, unless they are given themselves: by the name
   * of that one.
   */
  readonly implied?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Settings over a preset's for a run of a minute or two that shows that everything works. */
  readonly quickSettings: Readonly<Record<string, unknown>>;
  /**
   * What the weights of a snapshot, and of the outcome, belong to; the backbone's generator when left out.
   * @throws Error when the backbone has not what it is made of.
   */
  createGenerator?(backbone: Backbone, architecture: unknown): SequenceGenerator;
  /**
   * What a distillation with these settings will give; asked before its run is made.
   * @throws Error when the settings do not fit together.
   */
  plan?(settings: S): MethodPlan;
  /**
   * Plans a distillation; nothing runs yet, and what it returns may never be run.
   * @throws Error when the settings do not fit together.
   */
  start(subject: DistillationSubject<S>, services: MethodServices): Distillation;
}
