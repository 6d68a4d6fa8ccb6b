import type { ServiceContainer } from '@ar-distill/di';
import { PATH_LENGTH } from '@ar-distill/evaluation';
import { distillPrepared, type DistillResult } from '../distill/distill';
import { seedOf } from '../distill/seed';
import { measurePathLength } from '../evaluate/path-length';
import type { WorkflowOptions } from '../events';
import { thisMachine } from '../report/machine';
import { ownVersion } from '../report/own-version';
import { readStageTimes, type StageTimes } from '../runs/stage-times';
import type { PreparedRun } from './prepare-cells';
import { writeRunPictures } from './run-pictures';
import { joinResults, type RunResult } from './run-result';
import type { UnfinishedRun } from './unfinished-run';

/**
 * Starts the run or goes on with it, and measures what is missing of it.
 * @param pictures where those of its generator are kept; undefined for none.
 * @throws Error when its report lacks a row that it was asked for.
 */
export async function finishRun(
  container: ServiceContainer,
  { run, result: before, missing }: UnfinishedRun,
  { options, prepared }: PreparedRun,
  pictures: string | undefined,
  workflow: WorkflowOptions,
): Promise<RunResult> {
  const started = performance.now();
  const trained = options.resume === undefined ? {} : await readStageTimes(options.resume);
  const { run: place, report } = await distillPrepared(prepared, options, missing.rows);
  const isImage = report !== undefined && report.kind !== 'sequences';
  if (isImage && pictures !== undefined) {
    await writeRunPictures(container, place, { folder: pictures, key: run.key }, workflow);
  }
  const own = await readStageTimes(place);
  const times = await withStage1(own, prepared.plan.config.stage1?.path);
  const measured = reported(report, times);
  for (const row of missing.rows ?? []) {
    if (measured.rows.some(({ name }) => name === row)) continue;
    throw new Error(
      `The report of the run "${run.key}" has no figures of the row "${row}": name another one in the study.`,
    );
  }
  const generator = measured.result ?? before?.result;
  const shown = [...measured.rows, ...(before?.rows ?? [])].find(({ name }) => name === generator);
  if (missing.pathLength !== undefined && shown) {
    const path = { run: place, pairs: missing.pathLength, seed: seedOf(run.config.settings) };
    const length = await measurePathLength(container, path, workflow);
    measured.rows.push({ name: shown.name, values: { [PATH_LENGTH.name]: length } });
  }
  const { node, platform, processor } = thisMachine();
  const elapsed = (performance.now() - started) / 1000;
  const now: RunResult = {
    version: 1,
    config: { ...run.config },
    ...measured,
    machine: { version: ownVersion(), node, platform, processor },
    times: { ...secondsOf(times), report: elapsed - (totalOf(own) - totalOf(trained)) },
  };
  return joinResults(before, now);
}

/** The times of stages whose results are of another run are those that they took there. */
async function withStage1(own: StageTimes, other: string | undefined): Promise<StageTimes> {
  const made = other === undefined ? {} : await readStageTimes(other);
  const last = Object.keys(own).at(-1);
  return Object.fromEntries(
    Object.entries(own).map(([stage, time]) => {
      const seconds = Math.max(time.seconds, stage === last ? 0 : (made[stage]?.seconds ?? 0));
      return [stage, { ...time, seconds }];
    }),
  );
}

type Reported = Pick<RunResult, 'result' | 'rows' | 'curve'>;

function reported(report: DistillResult['report'], times: StageTimes): Reported {
  if (report === undefined || report.kind === 'pictures') return { rows: [], curve: [] };
  const result = report.result === undefined ? {} : { result: report.result };
  if (report.kind === 'sequences') {
    const rows = Object.entries(report.results).map(([name, values]) => ({ name, values }));
    return { ...result, rows, curve: [] };
  }
  const rows = report.rows.map(({ name, evaluations, values = {} }) => ({
    name,
    ...(evaluations === undefined ? {} : { evaluations }),
    values,
  }));
  // The generator's stage is the last one.
  const before = totalOf(Object.fromEntries(Object.entries(times).slice(0, -1)));
  const curve = report.overTime.map(({ updates, seconds, distance }) => ({
    updates,
    ...(Number.isFinite(seconds) ? { seconds: before + seconds } : {}),
    distance,
  }));
  return { ...result, rows, curve };
}

function secondsOf(times: StageTimes): Record<string, number> {
  return Object.fromEntries(Object.entries(times).map(([stage, { seconds }]) => [stage, seconds]));
}

function totalOf(times: StageTimes): number {
  return Object.values(times).reduce((sum, { seconds }) => sum + seconds, 0);
}
