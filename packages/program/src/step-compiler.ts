import type { StepProgram } from './step-program';
import type { HostTensor, HostTensors, TensorSource } from './tensors';

/** Named values that live between steps (weights, moments, EMA), shared by several programs. */
export interface StateStore extends TensorSource {
  /** Copies of the named values (all when no names are given); throws on an unknown name. */
  read(names?: readonly string[]): Promise<HostTensors>;
  /** Replaces values; throws on an unknown name or another shape. */
  write(values: Readonly<HostTensors>): Promise<void>;
  dispose(): Promise<void>;
}

/** A program ready to be called. */
export interface CompiledStep {
  /**
   * Runs once (or `iterations` times). Calls on one store are executed in the order of the calls, so
   * that several may be queued; await those together (`callsInOrder` of `@ar-distill/core/optimization`),
   * because a call that fails while nobody awaits it ends a Node process.
   */
  run(inputs: Readonly<HostTensors>): Promise<Record<string, HostTensor>>;
  dispose(): Promise<void>;
}

/** Turns step functions into something fast. Bound to the engine by the application. */
export interface StepCompiler {
  createStore(values: Readonly<HostTensors>): Promise<StateStore>;
  /** `store` is needed when the program names state. */
  compile(program: StepProgram, store?: StateStore): Promise<CompiledStep>;
}
