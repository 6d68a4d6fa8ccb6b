/** Name of the generator's weights in a run directory. */
export const GENERATOR_FILE = 'generator.safetensors';

/** Name of an adapted teacher's weights in a run directory. */
export const TEACHER_FILE = 'teacher.safetensors';

/** Where runs are made when nothing else is asked for. */
export const RUNS_FOLDER = 'runs';

const SNAPSHOT = /^snapshot-(\d+)$/;

/** Name of the arrays that hold the averaged generator after `iteration` updates. */
export function snapshotName(iteration: number): string {
  return `snapshot-${String(iteration).padStart(6, '0')}`;
}

/** Updates after which the named arrays were saved; undefined when they are no snapshot. */
export function snapshotIteration(arrays: string): number | undefined {
  const digits = SNAPSHOT.exec(arrays)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
