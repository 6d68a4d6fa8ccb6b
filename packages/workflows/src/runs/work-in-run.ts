import { RUN_DIRECTORIES } from '@ar-distill/di';
import { loggedProgress, type Run } from '@ar-distill/runs';
import type { WorkflowContext } from '../context';
import { checkFolderToWrite } from '../settings/check-option';
import { RUNS_FOLDER } from './run-files';
import { parseRun, type RunKind, type RunSubject } from './run-kinds';

/** Which run directory is worked in. */
export interface RunChoice {
  /** Run directory to go on with. */
  readonly resume?: string | undefined;
  /** Folder that a new one is made in; default `runs`. */
  readonly out?: string | undefined;
}

/**
 * Does `work` in the run to resume, or in a new numbered one that holds `config`. Stages, messages and
 * the error that ends the work are kept in the run's log; the run is closed however it ends.
 * @throws Error with a sentence, before anything is touched, when the run is of another kind, or of
 *   another plugin or preset than the context's.
 */
export async function workInRun<Config, Context extends WorkflowContext & RunSubject, T>(
  context: Context,
  kind: RunKind<Config>,
  { resume, out = RUNS_FOLDER }: RunChoice,
  { slug, config }: { readonly slug: string; readonly config: Config },
  work: (run: Run<Config>, context: Context) => Promise<T>,
): Promise<T> {
  if (resume === undefined) checkFolderToWrite(out);
  const directories = context.container.resolve(RUN_DIRECTORIES);
  const opening = {
    signal: context.signal,
    onWait: (sentence: string) => context.progress.message(sentence),
    parse: (found: unknown) => parseRun(kind, context, resume ?? out, '--resume', found),
  };
  const run = resume
    ? await directories.open(resume, opening)
    : await directories.create(out, slug, config, opening);
  try {
    context.emit({ kind: 'run', path: run.path });
    return await work(run, { ...context, progress: loggedProgress(context.progress, run.log) });
  } catch (error) {
    run.log.failed(error);
    throw error;
  } finally {
    await run.close();
  }
}
