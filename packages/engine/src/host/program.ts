import type { HostTensor, HostTensors, TensorSpec } from '../ir/types';
import type { StepFunction } from '../trace/trace';

/** A function of tensors and everything that must be known to compile it. */
export interface StepProgram {
  /** Shown in errors and profiles. */
  readonly name: string;
  readonly fn: StepFunction;
  /** Names of the store's values that it reads; those it returns are replaced. */
  readonly state?: readonly string[];
  /** Frozen values, stored inside the compiled program. */
  readonly constants?: Readonly<HostTensors>;
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  /**
   * Steps per call (default 1). Above 1 every input has a leading axis of this size, the state is
   * carried from step to step, and every output gets the leading axis.
   */
  readonly iterations?: number;
}

/** Named values that live between steps, shared by several programs. */
export interface StateStore {
  /** Shapes and types, by name. */
  readonly specs: Readonly<Record<string, TensorSpec>>;
  /** Copies of the named values (all when no names are given); throws on an unknown name. */
  read(names?: readonly string[]): Promise<HostTensors>;
  /** Replaces values by copies of these; throws on an unknown name or another shape. */
  write(values: Readonly<HostTensors>): Promise<void>;
  dispose(): Promise<void>;
}

/** A program ready to be called. */
export interface CompiledStep {
  /**
   * Runs once (or `iterations` times); inputs are copied before it returns. Calls on one engine are
   * executed in the order of the calls.
   */
  run(inputs: Readonly<HostTensors>): Promise<Record<string, HostTensor>>;
  dispose(): Promise<void>;
}

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
export interface Engine {
  /** Keeps copies of the values. */
  createStore(values: Readonly<HostTensors>): Promise<StateStore>;
  /** `store` is needed when the program names state. */
  compile(program: StepProgram, store?: StateStore): Promise<CompiledStep>;
  /**
   * Ends the profiling of all programs that are loaded now and returns what was recorded since they
   * were compiled. Rejects when the engine was created without `profile: true`.
   */
  profile(): Promise<readonly ProgramProfile[]>;
  /** Frees sessions and stores and ends the worker. Everything made by the engine is dead then. */
  dispose(): Promise<void>;
}
