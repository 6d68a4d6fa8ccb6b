import { createRun, openRun, type Run } from '@ar-distill/runs';

/** Name of the generator's weights in a run directory. */
export const GENERATOR_FILE = 'generator.safetensors';

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

/** Name of the arrays that hold the averaged generator after `iteration` updates. */
export function snapshotName(iteration: number): string {
  return `snapshot-${String(iteration).padStart(6, '0')}`;
}
