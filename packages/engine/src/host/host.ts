import type { HostTensors } from '@ar-distill/program';
import type { LoweredProgram } from '../lower/lower-program';
import type { ProgramProfile } from './engine-contract';

/** A lowered program, as its host takes it; the host takes over the models. */
export interface LoadedProgram extends LoweredProgram {
  readonly name: string;
  /** Number of the store that the program reads and changes. */
  readonly store?: number | undefined;
}

/** Everything that can be asked of a host of sessions, with arguments and results. */
export interface HostCalls {
  createStore: { args: { readonly values: HostTensors }; result: number };
  readStore: {
    args: { readonly store: number; readonly names: readonly string[] };
    result: HostTensors;
  };
  writeStore: { args: { readonly store: number; readonly values: HostTensors }; result: void };
  disposeStore: { args: { readonly store: number }; result: void };
  load: { args: LoadedProgram; result: number };
  run: { args: { readonly program: number; readonly inputs: HostTensors }; result: HostTensors };
  unload: { args: { readonly program: number }; result: void };
  profile: { args: Record<string, never>; result: readonly ProgramProfile[] };
}

export type HostMethod = keyof HostCalls;
export type HostArgs<M extends HostMethod> = HostCalls[M]['args'];
export type HostResult<M extends HostMethod> = HostCalls[M]['result'];

/** How sessions are run. */
export interface HostOptions {
  readonly provider: 'cpu' | 'cuda' | 'webgpu';
  readonly threads: number;
  readonly profile: boolean;
  /**
   * Take denormal numbers as zero, because they are slow. It also holds for the JavaScript of the
   * thread that the sessions run in: only for a thread that does nothing else.
   */
  readonly flushDenormals: boolean;
}

/**
 * Owns sessions and stores. Calls are executed one after the other in the order in which they were
 * made; arrays given to a call belong to the host afterwards.
 */
export interface Host {
  /** `transfer` names the buffers among `args` that may be moved instead of copied. */
  call<M extends HostMethod>(
    method: M,
    args: HostArgs<M>,
    transfer?: readonly ArrayBuffer[],
  ): Promise<HostResult<M>>;
  /** Frees everything; later calls are rejected. */
  dispose(): Promise<void>;
}
