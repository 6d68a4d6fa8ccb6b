import type { RunStore } from './run-store';

/**
 * Where parts of a pool of teacher sequences are kept for other runs, too. Everything that the sequences
 * depend on beside their numbers, and how many are drawn at a time, is the same for all that use it.
 */
export interface PoolCache extends Pick<RunStore, 'loadArrays' | 'saveArrays'> {
  /**
   * Does `work` while nobody else saves anything here, which it waits for; without it nothing may be saved.
   * @throws the reason of the application's signal when that is aborted while it waits.
   */
  alone<T>(work: () => Promise<T>): Promise<T>;
}
