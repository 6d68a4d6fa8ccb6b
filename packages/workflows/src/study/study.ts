import path from 'node:path';
import { atomicWriteFile } from '@ar-distill/checkpoints';
import type { ServiceContainer } from '@ar-distill/di';
import { renderMarkdown, renderPage } from '@ar-distill/evaluation/report';
import { openContext } from '../context';
import type { StudyOverview, WorkflowOptions } from '../events';
import type { Hub } from '../hub/hub-model';
import { RUNS_FOLDER } from '../runs/run-files';
import { checkFileToWrite, checkFolderToWrite } from '../settings/check-option';
import type { Difference } from '../settings/differences';
import { finishRun } from './finish-run';
import { planRuns, type StudyPlan } from './plan-runs';
import { prepareCells } from './prepare-cells';
import { changedSince } from './run-key';
import { missingOf, readResult, resultFile, type RunResult, writeResult } from './run-result';
import type { StudyFile } from './study-file';
import { studyOverview } from './study-overview';
import { studyPage } from './study-page';
import type { UnfinishedRun } from './unfinished-run';

/** Options of `study`. */
export interface StudyOptions {
  readonly file: StudyFile;
  /** Where results and the page are kept: the folder of the study's file. */
  readonly folder: string;
  /** Folder that run directories are made in; default `runs`. They may be deleted afterwards. */
  readonly out?: string | undefined;
  /** Where teachers and tokenizers are fetched from that the study names on a hub. */
  readonly hub?: Hub | undefined;
  /** Write the page as Markdown, too, under the study's name: without its charts, pictures as links. */
  readonly markdown?: boolean | undefined;
  /** Write the page from the results that are there, and run nothing. */
  readonly pageOnly?: boolean | undefined;
}

/** A study with what it has of every run. */
interface OpenStudy {
  readonly plan: StudyPlan;
  /** Of runs of which nothing is missing, by their keys. */
  readonly results: Map<string, RunResult>;
  /** The other runs, in order. */
  readonly unfinished: ReadonlyMap<string, UnfinishedRun>;
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
 * @throws InvalidOptionError naming the cell that is wrong, or the file that cannot be written, before anything
 *   is started.
 */
export async function study(
  container: ServiceContainer,
  options: StudyOptions,
  workflow: WorkflowOptions = {},
): Promise<string> {
  const { file, folder, out, markdown, pageOnly } = options;
  const { plan, results, unfinished } = await openStudy(container, options, workflow);
  const page = path.join(folder, `${file.name}.html`);
  checkFileToWrite(page, 'a page', '.html');
  const text = path.join(folder, `${file.name}.md`);
  if (markdown) checkFileToWrite(text, 'a page', '.md');
  if (!pageOnly) {
    for (const key of unfinished.keys()) {
      checkFileToWrite(resultFile(folder, key, '.json'), 'a result', '.json');
    }
    const ahead = { file, plan, unfinished, runs: runsFolder(out) };
    const prepare = await prepareCells(container, ahead, workflow);
    let number = 0;
    for (const [key, run] of unfinished) {
      workflow.signal?.throwIfAborted();
      const total = unfinished.size;
      const { secondsLeft } = studyOverview(plan, results);
      workflow.onEvent?.({ kind: 'study-run', run: key, number: ++number, total, secondsLeft });
      const pictures = isPictured(plan, key) ? folder : undefined;
      const result = await finishRun(container, run, await prepare(run), pictures, workflow);
      await writeResult(folder, key, result);
      results.set(key, result);
    }
  }
  const content = await studyPage(file, plan, results, folder);
  await atomicWriteFile(page, Buffer.from(renderPage(content)));
  if (markdown) await atomicWriteFile(text, Buffer.from(renderMarkdown(content)));
  return page;
}

async function openStudy(
  container: ServiceContainer,
  { file, folder, out, hub }: StudyOptions,
  workflow: WorkflowOptions,
): Promise<OpenStudy> {
  checkFolderToWrite(runsFolder(out));
  const plan = await planRuns(container, file, workflow, hub);
  const { progress } = openContext(container, workflow);
  const results = new Map<string, RunResult>();
  const unfinished = new Map<string, UnfinishedRun>();
  for (const run of plan.runs) {
    const { key, config } = run;
    let result = await readResult(folder, key);
    const [change] = result ? changedSince(result.config, config) : [];
    if (change) {
      progress.message(sayChange(key, change));
      result = undefined;
    }
    const missing = missingOf(result, run, file);
    if (missing) unfinished.set(key, { run, result, missing });
    else if (result) results.set(key, result);
  }
  workflow.onEvent?.({ kind: 'study', ...studyOverview(plan, results) });
  return { plan, results, unfinished };
}

function sayChange(key: string, { path: setting, before, after }: Difference): string {
  return `The result of the run "${key}" is of ${setting}=${JSON.stringify(before)}, which is ${JSON.stringify(after)} now: it is made again.`;
}

/** Whether the page shows pictures of a run: they are of the first seed. */
function isPictured({ cells }: StudyPlan, key: string): boolean {
  return cells.some(({ isGenerator, runs: [first] }) => isGenerator && first?.key === key);
}

/** Where the run directories of all studies are made. */
function runsFolder(out = RUNS_FOLDER): string {
  return path.join(out, 'studies');
}
