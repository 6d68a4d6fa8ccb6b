import type { GeneratorSnapshot } from '@ar-distill/core';
import type { Run } from '@ar-distill/runs';
import { snapshotIteration, snapshotName } from '../runs/run-files';

/** Points of the quality curve. */
const POINTS = 8;

/**
 * The snapshots that the quality curve of a training of `total` updates is made of: the first one in
 * every eighth of it after the first, and the one at its end. Which ones these are does not depend on
 * those that are gone already.
 */
export function curveSnapshots(iterations: readonly number[], total: number): number[] {
  const chosen: number[] = [];
  let reached = 0;
  for (const iteration of [...iterations].sort((a, b) => a - b)) {
    const eighths = Math.floor((POINTS * iteration) / total);
    if (iteration > total || eighths <= reached) continue;
    chosen.push(iteration);
    reached = eighths;
  }
  return chosen;
}

/** The numbers of updates after which the run kept a snapshot, in order. */
export async function savedSnapshots(run: Pick<Run, 'arrayNames'>): Promise<number[]> {
  const names = await run.arrayNames();
  return names.flatMap((name) => snapshotIteration(name) ?? []).sort((a, b) => a - b);
}

/**
 * Keeps a snapshot where the quality curve reads it, and forgets others that it does not read, such as
 * those of an earlier version. All are kept when the snapshot does not say how long training is.
 */
export async function keepSnapshot(
  run: Pick<Run, 'arrayNames' | 'saveArrays' | 'removeArrays'>,
  { iteration, weights, total }: GeneratorSnapshot,
): Promise<void> {
  const saved = new Set(await savedSnapshots(run));
  const all = [...saved, iteration];
  const kept = new Set(total === undefined ? all : curveSnapshots(all, total));
  if (kept.has(iteration)) await run.saveArrays(snapshotName(iteration), weights);
  for (const old of saved) {
    if (!kept.has(old)) await run.removeArrays(snapshotName(old));
  }
}
