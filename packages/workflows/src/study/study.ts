import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { atomicWriteFile } from '@ar-distill/checkpoints';
import type { ServiceContainer } from '@ar-distill/di';
import { renderPage } from '@ar-distill/evaluation/report';
import { RUN_CONFIG } from '@ar-distill/runs';
import { distill, type DistillResult } from '../distill/distill';
import { evaluate } from '../evaluate/evaluate';
import type { StudyOverview, WorkflowOptions } from '../events';
import { thisMachine } from '../report/machine';
import { ownVersion } from '../report/own-version';
import { RUNS_FOLDER } from '../runs/run-files';
import { readStageTimes } from '../runs/stage-times';
import { checkFolderToWrite } from '../settings/check-option';
import { checkRuns, planRuns, type StudyPlan, type StudyRun } from './plan-runs';
import { writeRunPictures } from './run-pictures';
import { readResult, redrawnRow, type RunResult, writeResult } from './run-result';
import type { StudyFile } from './study-file';
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
  return overview(await openStudy(container, options, workflow));
}

/**
 * Runs what is missing of a study and writes its page. Every run that has ended is in the study's
 * folder; one that was interrupted goes on.
 * @returns the path of the page.
 * @throws InvalidOptionError naming the cell that is wrong, before anything is started.
 */
export async function study(
  container: ServiceContainer,
  options: StudyOptions,
  workflow: WorkflowOptions = {},
): Promise<string> {
  const { file, folder, pageOnly } = options;
  const opened = await openStudy(container, options, workflow);
  const { plan, results } = opened;
  const left = pageOnly ? [] : plan.runs.filter(({ key }) => !results.has(key));
  if (left.length > 0) await checkRuns(container, plan, workflow);
  for (const [i, run] of left.entries()) {
    workflow.signal?.throwIfAborted();
    workflow.onEvent?.({
      kind: 'study-run',
      run: run.key,
      number: i + 1,
      total: left.length,
      secondsLeft: overview(opened).secondsLeft,
    });
    const result = await finishRun(container, run, options, workflow);
    await writeResult(folder, run.key, result);
    results.set(run.key, result);
  }
  const page = path.join(folder, 'index.html');
  await atomicWriteFile(
    page,
    Buffer.from(renderPage(await studyPage(file, plan, results, folder))),
  );
  return page;
}

async function openStudy(
  container: ServiceContainer,
  { file, folder, out = RUNS_FOLDER }: StudyOptions,
  workflow: WorkflowOptions,
): Promise<OpenStudy> {
  checkFolderToWrite(path.join(out, file.name));
  const plan = await planRuns(container, file, workflow);
  const results = new Map<string, RunResult>();
  for (const run of plan.runs) {
    const result = await readResult(folder, run);
    if (result) results.set(run.key, result);
  }
  const opened = { plan, results };
  workflow.onEvent?.({ kind: 'study', ...overview(opened) });
  return opened;
}

function overview({ plan, results }: OpenStudy): StudyOverview {
  const seconds = [...results.values()].map(({ times }) =>
    Object.values(times).reduce((sum, value) => sum + value, 0),
  );
  const mean = seconds.reduce((sum, value) => sum + value, 0) / seconds.length;
  return {
    cells: plan.cells.length,
    runs: plan.runs.length,
    finished: results.size,
    secondsLeft: seconds.length > 0 ? mean * (plan.runs.length - results.size) : undefined,
  };
}

/** Starts the run or goes on with it, and measures it. */
async function finishRun(
  container: ServiceContainer,
  run: StudyRun,
  { file, folder, out = RUNS_FOLDER }: StudyOptions,
  workflow: WorkflowOptions,
): Promise<RunResult> {
  const runs = path.join(out, file.name);
  const begun = begunRun(runs, run.key);
  const options = begun ? { resume: begun } : { ...run.options, out: runs, name: run.key };
  const done = await distill(container, options, workflow);
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
  const times = Object.entries(await readStageTimes(done.run));
  return {
    version: 1,
    config: { ...run.config },
    ...rowsOf(done.report, redrawn),
    machine: { version: ownVersion(), node, platform, processor },
    times: Object.fromEntries(times.map(([stage, { seconds }]) => [stage, seconds])),
  };
}

/** The run directory of a run that was begun; the last one when there are more. */
function begunRun(folder: string, key: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  return readdirSync(folder)
    .filter((name) => name.replace(/^\d+-/, '') === key)
    .map((name) => path.join(folder, name))
    .filter((run) => existsSync(path.join(run, RUN_CONFIG)))
    .sort()
    .at(-1);
}

function rowsOf(
  report: DistillResult['report'],
  redrawn: RunResult['rows'],
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
  const curve = report.overTime.map(({ updates, distance }) => ({ updates, distance }));
  return { ...named(report.result), rows: [...rows, ...redrawn], curve };
}

function named(result: string | undefined): Pick<RunResult, 'result'> {
  return result === undefined ? {} : { result };
}
