import { createRun, loggedProgress, openRun, type Run } from '@ar-distill/runs';
import type { BaseRecipeContext, RecipeContext } from './types';

/** Name of the generator's weights in a run directory. */
export const GENERATOR_FILE = 'generator.safetensors';

/** Name of an adapted teacher's weights in a run directory. */
export const TEACHER_FILE = 'teacher.safetensors';

/** Where runs are made when nothing else is asked for. */
export const RUNS_FOLDER = 'runs';

/** Opens the run to resume, or makes a new numbered one that holds `config`. */
export function openOrCreateRun(
  options: { readonly resume?: string; readonly out?: string },
  slug: string,
  config: Readonly<Record<string, unknown>>,
): Promise<Run> {
  return options.resume
    ? openRun(options.resume)
    : createRun(options.out ?? RUNS_FOLDER, slug, config);
}

/** The context of work whose stages and messages are kept in the run's log. */
export function loggedContext<T extends BaseRecipeContext>(context: T, run: Run): T {
  return { ...context, progress: loggedProgress(context.progress, run.log) };
}

/** Name of the arrays that hold the averaged generator after `iteration` updates. */
export function snapshotName(iteration: number): string {
  return `snapshot-${String(iteration).padStart(6, '0')}`;
}

/** Throws a sentence when the run holds another command's work, or another preset's. */
export function checkResumed(
  { plugin, presetName }: RecipeContext,
  run: Run,
  command: string,
): void {
  const made = run.config as Readonly<Record<'command' | 'plugin' | 'preset', string | undefined>>;
  if (made.command !== command) {
    throw new Error(
      `"${run.path}" is a run of "${made.command}", not of "${command}": resume it with its own command.`,
    );
  }
  if (made.plugin !== plugin.name || made.preset !== presetName) {
    const preset = `${made.plugin}:${made.preset}`;
    throw new Error(
      `"${run.path}" works on the preset "${preset}": resume it with --preset ${preset}.`,
    );
  }
}
