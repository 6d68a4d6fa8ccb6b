const A = -0.75;

/**
 * Bicubic interpolation of `from` samples to `to` samples as a matrix [to, from], row-major: PyTorch's
 * `interpolate(mode='bicubic', align_corners=False)` (kernel parameter −0.75, edges repeated).
 */
export function bicubicMatrix(from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const source = ((i + 0.5) * from) / to - 0.5;
    const base = Math.floor(source);
    for (let tap = -1; tap <= 2; tap++) {
      const column = Math.min(from - 1, Math.max(0, base + tap));
      matrix[i * from + column]! += cubicKernel(Math.abs(source - base - tap));
    }
  }
  return matrix;
}

function cubicKernel(distance: number): number {
  if (distance <= 1) return ((A + 2) * distance - (A + 3)) * distance * distance + 1;
  return ((A * distance - 5 * A) * distance + 8 * A) * distance - 4 * A;
}
