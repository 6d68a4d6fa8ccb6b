import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { RUN_CONFIG } from '@ar-distill/runs';
import type { DistillOptions } from '../distill/distill';
import { hasStage1 } from '../distill/stage1';
import { type ConfigOf, DISTILLATION, readRun } from '../runs/run-kinds';
import type { Tree } from '../settings/merge';
import type { StudyRun } from './plan-runs';
import { changedSince } from './run-key';
import type { MissingMeasures, RunResult } from './run-result';

type DistillConfig = ConfigOf<typeof DISTILLATION>;

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
  const stage1 = tunedRun(runs, run);
  return {
    ...{ ...run.options, out: runs, name: run.key, report },
    ...(stage1 === undefined ? {} : { stage1 }),
  };
}

/**
 * A run whose stage 1 is that of this one, so that its tuned weights, its adapted teacher and its teacher's
 * sequences can be used again: the first one that has come so far.
 */
function tunedRun(runs: string, { options, config, tunedBy }: StudyRun): string | undefined {
  const isGiven = options.teacher !== undefined || options.tokenizer !== undefined;
  if (isGiven || !tunedBy) return undefined;
  const determinants = ({ settings, ...made }: DistillConfig): unknown => ({
    ...pick(made, ['plugin', 'preset', 'method', 'architecture', 'teacherSampling', 'adaptation']),
    ...pick(settings, tunedBy),
  });
  const needed = determinants(config);
  return runsIn(runs).find((run) => {
    if (!hasStage1(run)) return false;
    const made = readRun(DISTILLATION, {}, run, '--stage1');
    const ships = [made.teacher, made.tokenizer].every((network) => network?.ships ?? true);
    return ships && isDeepStrictEqual(determinants(made), needed);
  });
}

function pick(values: Readonly<Record<string, unknown>>, names: readonly string[]): Tree {
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}

/** The directory of a run that was begun with the settings of now; the last one when there are more. */
function begunRun(runs: string, { key, config }: StudyRun): string | undefined {
  return runsIn(runs)
    .filter((run) => path.basename(run).replace(/^\d+-/, '') === key)
    .filter((run) => changedSince(readRun(DISTILLATION, {}, run, '--resume'), config).length === 0)
    .at(-1);
}

/** All run directories in a folder, in the order of their numbers; none where there is no such folder. */
function runsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => path.join(folder, name))
    .filter((run) => existsSync(path.join(run, RUN_CONFIG)));
}
