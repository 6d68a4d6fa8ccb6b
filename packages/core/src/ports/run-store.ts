import type { HostTensors, TensorSource } from '@ar-distill/program';

/** Everything that a resumed run needs. Random numbers are counters, so `cursor` covers them. */
export interface Checkpoint {
  /** Stage that the run was in. */
  readonly stage: string;
  /** Updates of that stage that are done. */
  readonly iteration: number;
  /** Other counters: samples drawn, seconds trained. */
  readonly cursor: Readonly<Record<string, number>>;
  /** The whole state store: parameters, moving averages, moments of all optimisers. */
  readonly tensors: TensorSource;
}

/** One line of the metrics log. */
export type MetricRecord = Readonly<Record<string, number | string>>;

/**
 * Where a training stage keeps what must survive it. Writes are atomic: a reader (or a resumed run)
 * sees the old file or the new one, never a part.
 */
export interface RunStore {
  /** The last checkpoint; undefined in a fresh run. Metrics logged after it are forgotten. */
  loadCheckpoint(): Promise<Checkpoint | undefined>;
  saveCheckpoint(checkpoint: Checkpoint): Promise<void>;
  /** Appends one line to the metrics log. */
  logMetrics(record: MetricRecord): void;
  /** Keeps named arrays (a teacher pool, the weights that a stage ended with). */
  saveArrays(name: string, arrays: Readonly<HostTensors>): Promise<void>;
  /** Arrays saved under the name; undefined when there are none. */
  loadArrays(name: string): Promise<HostTensors | undefined>;
  /** Forgets the arrays saved under the name, if any; a store that cannot keeps them. */
  removeArrays?(name: string): Promise<void>;
}
