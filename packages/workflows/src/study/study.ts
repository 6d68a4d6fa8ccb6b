import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { atomicWriteFile } from '@ar-distill/checkpoints';
import type { ServiceContainer } from '@ar-distill/di';
import { renderPage } from '@ar-distill/evaluation/report';
import { RUN_CONFIG } from '@ar-distill/runs';
import { openContext } from '../context';
import { distill, type DistillResult } from '../distill/distill';
import { evaluate } from '../evaluate/evaluate';
import type { StudyOverview, WorkflowOptions } from '../events';
import { thisMachine } from '../report/machine';
import { ownVersion } from '../report/own-version';
import { RUNS_FOLDER } from '../runs/run-files';
import { DISTILLATION, readRun } from '../runs/run-kinds';
import { readStageTimes } from '../runs/stage-times';
import { checkFolderToWrite } from '../settings/check-option';
import type { Difference } from '../settings/differences';
import { checkRuns, planRuns, type StudyPlan, type StudyRun } from './plan-runs';
import { changedSince } from './run-key';
import { writeRunPictures } from './run-pictures';
import { hasRows, readResult, redrawnRow, type RunResult, writeResult } from './run-result';
import type { StudyFile } from './study-file';
import { studyOverview } from './study-overview';
import { studyPage } from './study-page';

/** Options of `study`. */
export interface StudyOptions {
  readonly file: StudyFile;
  /** Where results and the page are kept: the folder of the study's file. */
  readonly folder: string;
  /** Folder that run directories are made in; default `runs`. They may be deleted afterwards. */
  readonly out?: string | undefined;
  /** Write the page from the results that are there, and run nothing. */
  readonly pageOnly?: boolean | undefined;
}

/** A study with what it has of every run. */
interface OpenStudy {
  readonly plan: StudyPlan;
  readonly results: Map<string, RunResult>;
}

/**
 * What `study` would do; nothing is started.
 * @throws InvalidOptionError naming the cell or the folder that is wrong.
 */
export async function planStudy(
  container: ServiceContainer,
  options: StudyOptions,
  workflow: WorkflowOptions = {},
): Promise<StudyOverview> {
  const { plan, results } = await openStudy(container, options, workflow);
  return studyOverview(plan, results);
}

/**
 * Runs what is missing of a study and writes its page. Every run that has ended is in the study's
 * folder; one that was interrupted goes on. Studies whose files lie side by side share their runs.
 * @returns the path of the page.
 * @throws InvalidOptionError naming the cell that is wrong, before anything is started.
 */
export async function study(
  container: ServiceContainer,
  options: StudyOptions,
  workflow: WorkflowOptions = {},
): Promise<string> {
  const { file, folder, pageOnly } = options;
  const { plan, results } = await openStudy(container, options, workflow);
  const left = pageOnly ? [] : plan.runs.filter(({ key }) => !results.has(key));
  if (left.length > 0) await checkRuns(container, plan, workflow);
  for (const [i, run] of left.entries()) {
    workflow.signal?.throwIfAborted();
    workflow.onEvent?.({
      kind: 'study-run',
      run: run.key,
      number: i + 1,
      total: left.length,
      secondsLeft: studyOverview(plan, results).secondsLeft,
    });
    const result = await finishRun(container, run, options, workflow);
    await writeResult(folder, run.key, result);
    results.set(run.key, result);
  }
  const page = path.join(folder, `${file.name}.html`);
  await atomicWriteFile(
    page,
    Buffer.from(renderPage(await studyPage(file, plan, results, folder))),
  );
  return page;
}

async function openStudy(
  container: ServiceContainer,
  { file, folder, out }: StudyOptions,
  workflow: WorkflowOptions,
): Promise<OpenStudy> {
  checkFolderToWrite(runsFolder(out));
  const plan = await planRuns(container, file, workflow);
  const { progress } = openContext(container, workflow);
  const results = new Map<string, RunResult>();
  for (const run of plan.runs) {
    const result = await readResult(folder, run.key);
    if (!result) continue;
    const [change] = changedSince(result.config, run.config);
    if (change) progress.message(sayChange(run.key, change));
    else if (hasRows(result, run)) results.set(run.key, result);
  }
  workflow.onEvent?.({ kind: 'study', ...studyOverview(plan, results) });
  return { plan, results };
}

function sayChange(key: string, { path: setting, before, after }: Difference): string {
  return `The result of the run "${key}" is of ${setting}=${JSON.stringify(before)}, which is ${JSON.stringify(after)} now: it is made again.`;
}

/** Where the run directories of all studies are made. */
function runsFolder(out = RUNS_FOLDER): string {
  return path.join(out, 'studies');
}

/** Starts the run or goes on with it, and measures it. */
async function finishRun(
  container: ServiceContainer,
  run: StudyRun,
  { folder, out }: StudyOptions,
  workflow: WorkflowOptions,
): Promise<RunResult> {
  const runs = runsFolder(out);
  const begun = begunRun(runs, run);
  const options = begun ? { resume: begun } : { ...run.options, out: runs, name: run.key };
  let trainedAt = performance.now();
  const done = await distill(container, options, {
    ...workflow,
    onEvent: (event) => {
      if (event.kind === 'trained') trainedAt = performance.now();
      workflow.onEvent?.(event);
    },
  });
  const isImage = done.report !== undefined && done.report.kind !== 'sequences';
  if (isImage) await writeRunPictures(container, done.run, { folder, key: run.key }, workflow);
  const redrawn: RunResult['rows'] = [];
  for (const teacherSteps of run.teacherSteps) {
    const { samples } = run.config;
    const measured = { run: done.run, teacherSteps, samples, seed: run.seed };
    const { values } = await evaluate(container, measured, workflow);
    redrawn.push({ name: redrawnRow(teacherSteps), evaluations: 1 + teacherSteps, values });
  }
  const { node, platform, processor } = thisMachine();
  const stages = Object.entries(await readStageTimes(done.run));
  const times = Object.fromEntries(stages.map(([stage, { seconds }]) => [stage, seconds]));
  return {
    version: 1,
    config: { ...run.config },
    ...rowsOf(done.report, redrawn, times),
    machine: { version: ownVersion(), node, platform, processor },
    times: { ...times, report: (performance.now() - trainedAt) / 1000 },
  };
}

/** The directory of a run that was begun with the settings of now; the last one when there are more. */
function begunRun(folder: string, { key, config }: StudyRun): string | undefined {
  if (!existsSync(folder)) return undefined;
  return readdirSync(folder)
    .filter((name) => name.replace(/^\d+-/, '') === key)
    .map((name) => path.join(folder, name))
    .filter((run) => existsSync(path.join(run, RUN_CONFIG)))
    .filter((run) => changedSince(readRun(DISTILLATION, {}, run, '--resume'), config).length === 0)
    .sort()
    .at(-1);
}

function rowsOf(
  report: DistillResult['report'],
  redrawn: RunResult['rows'],
  times: RunResult['times'],
): Pick<RunResult, 'result' | 'rows' | 'curve'> {
  if (report?.kind === 'sequences') {
    const rows = Object.entries(report.results).map(([name, values]) => ({ name, values }));
    return { ...named(report.result), rows, curve: [] };
  }
  if (report?.kind !== 'images') return { rows: redrawn, curve: [] };
  const rows = report.rows.map(({ name, evaluations, values = {} }) => ({
    name,
    ...(evaluations === undefined ? {} : { evaluations }),
    values,
  }));
  // The generator's stage is the last one.
  const before = Object.values(times)
    .slice(0, -1)
    .reduce((sum, seconds) => sum + seconds, 0);
  const curve = report.overTime.map(({ updates, seconds, distance }) => ({
    updates,
    ...(Number.isFinite(seconds) ? { seconds: before + seconds } : {}),
    distance,
  }));
  return { ...named(report.result), rows: [...rows, ...redrawn], curve };
}

function named(result: string | undefined): Pick<RunResult, 'result'> {
  return result === undefined ? {} : { result };
}
