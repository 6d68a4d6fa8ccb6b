import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { RUN_DIRECTORIES } from '@ar-distill/di';
import { loggedProgress, type Run } from '@ar-distill/runs';
import type { WorkflowContext } from '../context';
import { checkFolderToWrite } from '../settings/check-option';
import { checkEngine } from './check-engine';
import { RUNS_FOLDER } from './run-files';
import { parseRun, type RunKind, type RunSubject } from './run-kinds';
import { isOlderConfig } from './run-version';

/** Which run directory is worked in. */
export interface RunChoice {
  /** Run directory to go on with. */
  readonly resume?: string | undefined;
  /** Folder that a new one is made in; default `runs`. */
  readonly out?: string | undefined;
}

/** What is done in a run. */
export interface RunPlan<Config> {
  /** Name of the directory of a new run. */
  readonly slug: string;
  /** What the run is to hold. */
  readonly config: Config;
  /** What a run to resume held when `config` was worked out. */
  readonly made?: Config | undefined;
}

/**
 * Does `work` in the run to resume, or in a new numbered one that holds `config`; a run that is resumed
 * gets it as well when it has changed. Stages, messages and the error that ends the work are kept in
 * the run's log; the run is closed however it ends.
 * @throws Error with a sentence, before anything is touched, when the run is of another kind, or of
 *   another plugin or preset than the context's, or the engine does not start.
 */
export async function workInRun<Config, Context extends WorkflowContext & RunSubject, T>(
  context: Context,
  kind: RunKind<Config>,
  { resume, out = RUNS_FOLDER }: RunChoice,
  { slug, config, made }: RunPlan<Config>,
  work: (run: Run<Config>, context: Context) => Promise<T>,
): Promise<T> {
  if (resume === undefined) checkFolderToWrite(out);
  await checkEngine(context);
  const place = resume ?? path.join(out, `NNNNN-${slug}`);
  context.emit({ kind: 'ready', writes: [place], config });
  context.signal.throwIfAborted();
  const directories = context.container.resolve(RUN_DIRECTORIES);
  let isOlder = false;
  const opening = {
    signal: context.signal,
    onWait: (sentence: string) => context.progress.message(sentence),
    parse: (found: unknown) => {
      isOlder = isOlderConfig(found);
      return parseRun(kind, context, resume ?? out, '--resume', found);
    },
  };
  const run = resume
    ? await directories.open(resume, opening)
    : await directories.create(out, slug, config, opening);
  try {
    if (resume !== undefined) {
      if (!isDeepStrictEqual(run.config, made)) {
        throw new Error(
          `The config of the run "${resume}" was changed by another process: try again.`,
        );
      }
      if (isOlder || !isDeepStrictEqual(run.config, config)) await run.reconfigure(config);
    }
    context.emit({ kind: 'run', path: run.path, command: kind.command });
    return await work(run, { ...context, progress: loggedProgress(context.progress, run.log) });
  } catch (error) {
    run.log.failed(error);
    throw error;
  } finally {
    await run.close();
  }
}
