import type { ContainerOptions, TypedContainer } from '@ar-distill/di';
import type {
  adapt,
  distill,
  evaluate,
  exportModel,
  importCheckpoints,
  measureSpeed,
  planDistillation,
  planStudy,
  sample,
  study,
  trainFeatures,
  trainTeacher,
  trainTokenizer,
} from '@ar-distill/workflows';

/** Where text goes. */
export interface TextOutput {
  write(text: string): unknown;
  /** Whether it is a terminal, where lines can be rewritten and coloured. */
  readonly isTTY?: boolean | undefined;
  /** Of the terminal. */
  readonly columns?: number | undefined;
}

/** What the commands do; replaced in tests. */
export interface Workflows {
  readonly adapt: typeof adapt;
  readonly distill: typeof distill;
  readonly evaluate: typeof evaluate;
  readonly exportModel: typeof exportModel;
  readonly importCheckpoints: typeof importCheckpoints;
  readonly measureSpeed: typeof measureSpeed;
  readonly planDistillation: typeof planDistillation;
  readonly planStudy: typeof planStudy;
  readonly sample: typeof sample;
  readonly study: typeof study;
  readonly trainFeatures: typeof trainFeatures;
  readonly trainTeacher: typeof trainTeacher;
  readonly trainTokenizer: typeof trainTokenizer;
}

/** Everything that the commands take from outside, so that they can be tested. */
export interface CliEnvironment {
  readonly cwd: string;
  /** Environment variables. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Results. */
  readonly stdout: TextOutput;
  /** Errors and warnings. */
  readonly stderr: TextOutput;
  readonly workflows: Workflows;
  createContainer(options: ContainerOptions): TypedContainer;
}
