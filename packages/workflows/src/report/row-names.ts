export const TEACHER = 'AR teacher';
export const ADAPTED = 'AR teacher, adapted to continuous input';
export const INDEPENDENT = 'onestep* (independent tokens)';
export const RECONSTRUCTION = 'tokenizer reconstruction of the test set';
/** The teacher where sequences are not images. */
export const SEQUENCE_TEACHER = 'teacher';

/** The row of a generator whose vectors are replaced by codes before they are decoded. */
export function snappedName(generator: string): string {
  return `${generator}, snapped to codes`;
}

/** The row of a generator of whose sequences the teacher draws the last AR steps again. */
export function redrawnName(generator: string, steps: number): string {
  return `${generator}, ${lastSteps(steps)} by the teacher`;
}

/** The row of a teacher that stops before its last AR steps, skip-last-m. */
export function skippedName(steps: number): string {
  return `${TEACHER} without the ${lastSteps(steps)}`;
}

/** Where a run keeps the picture of a row. */
export function pictureFile(row: string): string {
  const slug = row.replaceAll(/\W+/g, '-').replace(/-$/, '').toLowerCase();
  return `samples/${slug}.png`;
}

function lastSteps(steps: number): string {
  return steps === 1 ? 'last AR step' : `last ${steps} AR steps`;
}
