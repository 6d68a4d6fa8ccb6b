import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { RUN_CONFIG } from '@ar-distill/runs';
import type { DistillOptions } from '../distill/distill';
import { DISTILLATION, readRun } from '../runs/run-kinds';
import type { StudyRun } from './plan-runs';
import { changedSince } from './run-key';
import type { MissingMeasures, RunResult } from './run-result';

/** A run of which something is missing, and what there is. */
export interface UnfinishedRun {
  readonly run: StudyRun;
  readonly result: RunResult | undefined;
  readonly missing: MissingMeasures;
}

/** Options that start a run in the folder `runs`, or go on with the one that was begun there. */
export function startOf({ run, missing }: UnfinishedRun, runs: string): DistillOptions {
  const report = missing.rows?.size !== 0;
  const resume = begunRun(runs, run);
  if (resume !== undefined) return { resume, report };
  return { ...run.options, out: runs, name: run.key, report };
}

/** The directory of a run that was begun with the settings of now; the last one when there are more. */
function begunRun(runs: string, { key, config }: StudyRun): string | undefined {
  if (!existsSync(runs)) return undefined;
  return readdirSync(runs)
    .filter((name) => name.replace(/^\d+-/, '') === key)
    .map((name) => path.join(runs, name))
    .filter((run) => existsSync(path.join(run, RUN_CONFIG)))
    .filter((run) => changedSince(readRun(DISTILLATION, {}, run, '--resume'), config).length === 0)
    .sort()
    .at(-1);
}
