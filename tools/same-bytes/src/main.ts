import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { compareResults, type Comparison } from './compare';
import { dialectOf } from './dialect';
import { NAMES } from './names';
import { QUICK_RUNS, type QuickRun } from './quick-runs';
import { copyResult, keepResult, makeResult, resultFolder } from './result';
import { openRevision, type Revision } from './revision';

const PRESETS = QUICK_RUNS.map(({ preset }) => preset);
const CACHE = path.join(tmpdir(), 'ar-distill-same-bytes');
const REPOSITORY = path.resolve(__dirname, '../../..');
const [DIFFERS, FAILED, INTERRUPTED] = [1, 2, 130];

const USAGE = `Usage: npm run same-bytes -- [--base 4be762c] [--head HEAD] [--presets ${PRESETS.join(',')}]
         [--cache ${CACHE}] [--keep FOLDER] [--fresh]
Runs the quick settings of the presets on two revisions and compares all float32 and integer arrays.
A revision is a commit, or the folder of a working tree such as "." (built in place).
  --fresh  run the head although its results are in the cache
Exit code: 0 when all is equal, ${DIFFERS} when something differs, ${FAILED} when a run failed.`;

interface Work {
  readonly cache: string;
  /** Folder of results that are not kept. */
  readonly temporary: string;
  readonly signal: AbortSignal;
}

interface Options {
  readonly base: string;
  readonly head: string;
  readonly quickRuns: readonly QuickRun[];
  readonly cache: string;
  readonly keep: string | undefined;
  readonly fresh: boolean;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      base: { type: 'string', default: '4be762c' },
      head: { type: 'string', default: 'HEAD' },
      presets: { type: 'string', default: PRESETS.join(',') },
      cache: { type: 'string', default: CACHE },
      keep: { type: 'string' },
      fresh: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const quickRuns = values.presets.split(',').map((name) => {
    const quick = QUICK_RUNS.find(({ preset }) => preset === name);
    if (!quick) throw new Error(`There is no quick run of "${name}": name ${PRESETS.join(', ')}.`);
    return quick;
  });
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort());
  try {
    const equal = await compareRevisions(
      { ...values, keep: values.keep, quickRuns },
      interrupt.signal,
    );
    process.exitCode = equal ? 0 : DIFFERS;
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    console.error('Interrupted.');
    process.exitCode = INTERRUPTED;
  }
}

/** Compares two revisions preset after preset; says whether all is equal. */
async function compareRevisions(options: Options, signal: AbortSignal): Promise<boolean> {
  const { quickRuns, keep, fresh, cache } = options;
  const temporary = await mkdtemp(path.join(tmpdir(), 'ar-distill-results-'));
  const opened: Revision[] = [];
  const open = async (name: string): Promise<Revision> => {
    const revision = await openRevision(name, REPOSITORY, signal);
    opened.push(revision);
    return revision;
  };
  try {
    const work = { cache: path.resolve(cache), temporary, signal };
    const [base, head] = [await open(options.base), await open(options.head)];
    const summary: string[] = [];
    let equal = 0;
    for (const quick of quickRuns) {
      const { preset } = quick;
      const before = await resultOf(base, 'base', quick, work);
      const after = await resultOf(head, 'head', quick, work, fresh);
      if (keep !== undefined) {
        await copyResult(before, path.join(keep, 'base', preset));
        await copyResult(after, path.join(keep, 'head', preset));
      }
      const comparison = await compareResults(before, after, NAMES);
      for (const line of comparison.differences) console.log(`${preset}: ${line}`);
      if (comparison.differences.length === 0) equal++;
      summary.push(summaryOf(preset, comparison));
    }
    for (const line of summary) console.log(line);
    console.log(
      `total: ${equal} of ${quickRuns.length} presets equal (${base.name}, ${head.name})`,
    );
    return equal === quickRuns.length;
  } finally {
    for (const revision of opened) await revision.dispose();
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Folder of a revision's result: from the cache where it is there, else run now. */
async function resultOf(
  revision: Revision,
  side: 'base' | 'head',
  quick: QuickRun,
  { cache, temporary, signal }: Work,
  fresh = false,
): Promise<string> {
  const title = `${quick.preset}, ${side} ${revision.name}`;
  const dialect = await dialectOf(quick, NAMES, revision);
  const { commit } = revision;
  const folder =
    commit === undefined || fresh
      ? path.join(temporary, side, quick.preset)
      : path.join(cache, resultFolder(commit, quick, dialect));
  let seconds: number | undefined;
  await keepResult(folder, async (unfinished) => {
    console.log(`${title}: running`);
    const checkout = await revision.checkout();
    const started = performance.now();
    await makeResult(checkout, quick, dialect, unfinished, signal);
    seconds = (performance.now() - started) / 1000;
  });
  console.log(`${title}: ${seconds === undefined ? `from ${folder}` : `${Math.round(seconds)} s`}`);
  return folder;
}

function summaryOf(preset: string, { files, arrays, elements, differences }: Comparison): string {
  const compared = `${files} files, ${arrays} arrays, ${elements} elements`;
  return differences.length === 0
    ? `${preset}: equal (${compared})`
    : `${preset}: DIFFERENT in ${differences.length} places (of ${compared})`;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = FAILED;
});
