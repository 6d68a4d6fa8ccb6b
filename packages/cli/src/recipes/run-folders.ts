import { createRun, openRun, type Run } from '@ar-distill/runs';

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
