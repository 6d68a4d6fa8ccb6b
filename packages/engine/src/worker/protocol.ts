import type { HostArgs, HostMethod, HostOptions, HostResult } from '../host/host';

/** What the worker is started with. */
export type WorkerOptions = HostOptions;

/** A call, numbered by the sender. */
export interface CallMessage<M extends HostMethod = HostMethod> {
  readonly id: number;
  readonly method: M;
  readonly args: HostArgs<M>;
}

/** Sent instead of a call to end the worker. */
export interface DisposeMessage {
  readonly id: number;
  readonly method: 'dispose';
}

/** The end of a call. */
export type ReplyMessage =
  | { readonly id: number; readonly result: HostResult<HostMethod> }
  | { readonly id: number; readonly error: string };
