/**
 * Cells (row · side + column) of a square grid in the order in which a Halton sequence, with the bases 2 for
 * rows and 3 for columns, first meets them: neighbours in the order are far apart in the image
 * (`build_halton_mask` of valeoai/Halton-MaskGIT).
 */
export function haltonOrder(side: number): number[] {
  const cells = new Set<number>();
  for (let index = 1; cells.size < side ** 2; index++) {
    const row = Math.floor(radicalInverse(index, 2) * side);
    const column = Math.floor(radicalInverse(index, 3) * side);
    cells.add(row * side + column);
  }
  return [...cells];
}

/** The digits of `index`, mirrored at the point: element `index`, from 1 on, of a van der Corput sequence. */
function radicalInverse(index: number, base: number): number {
  let [value, rest, scale] = [0, index, 1];
  while (rest > 0) {
    scale /= base;
    value += (rest % base) * scale;
    rest = Math.floor(rest / base);
  }
  return value;
}

/**
 * Tokens of every AR step, few at first: after step k of K a share of 1 − arccos(k / K) · 2/π is known, and at
 * least k tokens (`HaltonSampler` of valeoai/Halton-MaskGIT). `tokens` must not be fewer than `steps`.
 */
export function arccosSteps(tokens: number, steps: number): number[] {
  const known = Array.from({ length: steps }, (_, step) => {
    const share = 1 - (Math.acos((step + 1) / steps) * 2) / Math.PI;
    return Math.max(step + 1, Math.floor(share * tokens));
  });
  return known.map((count, step) => count - (known[step - 1] ?? 0));
}
