/** Whether two shapes are equal. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

/** NumPy broadcasting of two shapes; throws `RangeError` when they do not fit. */
export function broadcastShapes(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new RangeError(`Shapes [${a.join(', ')}] and [${b.join(', ')}] do not broadcast.`);
    }
    return x === 1 ? y : x;
  });
}

/** Axes as non-negative numbers in ascending order; all axes when none are given. */
export function normalizeAxes(
  axes: number | readonly number[] | null | undefined,
  rank: number,
): number[] {
  if (axes === null || axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = typeof axes === 'number' ? [axes] : [...axes];
  return list.map((axis) => (axis < 0 ? axis + rank : axis)).sort((x, y) => x - y);
}
