export const TEACHER = 'AR teacher';
export const ADAPTED = 'AR teacher, adapted to continuous input';
export const INDEPENDENT = 'onestep* (independent tokens)';

/** The row of a generator whose vectors are replaced by codes before they are decoded. */
export function snappedName(generator: string): string {
  return `${generator}, snapped to codes`;
}

/** Where a run keeps the picture of a row. */
export function pictureFile(row: string): string {
  const slug = row.replaceAll(/\W+/g, '-').replace(/-$/, '').toLowerCase();
  return `samples/${slug}.png`;
}
