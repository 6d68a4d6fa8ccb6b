import { spreadOf } from '@ar-distill/evaluation/report';
import type { StudyOverview } from '../events';
import type { StudyPlan, StudyRun } from './plan-runs';
import type { RunResult } from './run-result';

/** How far a study with these results is. */
export function studyOverview(
  { cells, runs }: StudyPlan,
  results: ReadonlyMap<string, RunResult>,
): StudyOverview {
  return {
    cells: cells.length,
    runs: runs.length,
    finished: results.size,
    secondsLeft: secondsLeft(runs, results),
  };
}

/** By the mean of the runs of each preset that have ended; undefined before the first of any. */
function secondsLeft(
  runs: readonly StudyRun[],
  results: ReadonlyMap<string, RunResult>,
): number | undefined {
  const meanOf = (some: readonly StudyRun[]): number | undefined =>
    spreadOf(some.flatMap(({ key }) => secondsOf(results.get(key)) ?? []))?.mean;
  const overall = meanOf(runs);
  if (overall === undefined) return undefined;
  const means = new Map<string, number>();
  for (const { preset } of runs) {
    means.set(preset, meanOf(runs.filter((run) => run.preset === preset)) ?? overall);
  }
  return runs
    .filter(({ key }) => !results.has(key))
    .reduce((sum, { preset }) => sum + means.get(preset)!, 0);
}

function secondsOf(result: RunResult | undefined): number | undefined {
  return result && Object.values(result.times).reduce((sum, seconds) => sum + seconds, 0);
}
