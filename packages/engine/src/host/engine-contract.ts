import type { StepCompiler } from '@ar-distill/program';

/** Time that one program spent in one kind of operator. */
export interface OperatorProfile {
  readonly operator: string;
  readonly calls: number;
  readonly milliseconds: number;
}

/** Where the time of one program went, the costliest operator first. */
export interface ProgramProfile {
  readonly program: string;
  readonly operators: readonly OperatorProfile[];
}

/** Compiles and runs step programs. */
export interface Engine extends StepCompiler {
  /**
   * Ends the profiling of all programs that are loaded now and returns what was recorded since they
   * were compiled. Rejects when the engine was created without `profile: true`.
   */
  profile(): Promise<readonly ProgramProfile[]>;
  /** Frees sessions and stores and ends the worker. Everything made by the engine is dead then. */
  dispose(): Promise<void>;
}
