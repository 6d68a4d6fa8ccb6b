import { type Spread, spreadOf } from '@ar-distill/evaluation/report';
import type { PlannedCell } from './plan-runs';
import type { RunResult } from './run-result';

/** A cell with what there is of its runs. */
export interface MeasuredCell {
  readonly planned: PlannedCell;
  readonly results: readonly RunResult[];
  /** Over seeds, by metric. */
  readonly metrics: ReadonlyMap<string, Spread>;
}

/** What the results of all runs, by their keys, have of a cell. */
export function measuredCell(
  planned: PlannedCell,
  all: ReadonlyMap<string, RunResult>,
): MeasuredCell {
  const results = planned.runs.flatMap(({ key }) => all.get(key) ?? []);
  const values = new Map<string, number[]>();
  for (const { rows, result } of results) {
    const shown = rows.find(({ name }) => name === (planned.row ?? result));
    for (const [metric, value] of Object.entries(shown?.values ?? {})) {
      values.set(metric, [...(values.get(metric) ?? []), value]);
    }
  }
  const metrics = new Map([...values].map(([metric, list]) => [metric, spreadOf(list)!]));
  return { planned, results, metrics };
}
