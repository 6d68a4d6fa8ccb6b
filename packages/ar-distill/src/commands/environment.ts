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
  /** Folder of the page that `play` shows; default: as `@ar-distill/playground` brings it. */
  readonly pageFolder?: string;
  createContainer(options: ContainerOptions): TypedContainer;
}

/** What a command came to. */
export interface CommandResult {
  /** For programs: JSON of it is the only thing on stdout with `--json`. */
  readonly document: object;
  /** For people: lines with their ends. */
  readonly text: string;
  /** The command to go on with, to be copied. */
  readonly next?: string | undefined;
}

/**
 * What a command is to do: its work; all checks before it, and to say what it would write; or these checks,
 * and to print its settings as a config file.
 */
export type CommandMode = 'work' | 'rehearse' | 'print-config';

/** What commands get: an environment, and how they say what they came to. */
export interface CommandEnvironment extends CliEnvironment {
  readonly mode: CommandMode;
  /** Tells the result; it is the last thing that a command does, unless the result is that it fails. */
  finish(result: CommandResult): void;
  /** Tells why there is none; what a command throws is told so, too. Returns the exit code. */
  fail(error: unknown): number;
}
