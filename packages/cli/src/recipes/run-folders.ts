import { createRun, openRun, type Run } from '@ar-distill/runs';
import { parseRun, type RunKind, type RunSubject } from './run-kinds';
import type { BaseRecipeContext } from './types';

/** Name of the generator's weights in a run directory. */
export const GENERATOR_FILE = 'generator.safetensors';

/** Name of an adapted teacher's weights in a run directory. */
export const TEACHER_FILE = 'teacher.safetensors';

/** Where runs are made when nothing else is asked for. */
export const RUNS_FOLDER = 'runs';

/**
 * Opens the run to resume, or makes a new numbered one that holds `config`.
 * @throws Error with a sentence, before anything is touched, when the run is of another kind, or of
 *   another plugin or preset than the context's.
 */
export function openOrCreateRun<Config>(
  kind: RunKind<Config>,
  context: Pick<BaseRecipeContext, 'signal' | 'progress'> & RunSubject,
  options: { readonly resume?: string; readonly out?: string },
  slug: string,
  config: Config,
): Promise<Run<Config>> {
  const root = options.out ?? RUNS_FOLDER;
  const opening = {
    signal: context.signal,
    onWait: (sentence: string) => context.progress.message(sentence),
    parse: (found: unknown) => parseRun(kind, context, options.resume ?? root, '--resume', found),
  };
  return options.resume ? openRun(options.resume, opening) : createRun(root, slug, config, opening);
}

/** Name of the arrays that hold the averaged generator after `iteration` updates. */
export function snapshotName(iteration: number): string {
  return `snapshot-${String(iteration).padStart(6, '0')}`;
}
