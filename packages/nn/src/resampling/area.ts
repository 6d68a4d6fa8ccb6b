/**
 * Area interpolation of `from` samples to `to` samples as a matrix [to, from], row-major: adaptive
 * average pooling, whose windows ⌊i·from/to⌋ … ⌈(i+1)·from/to⌉ may overlap (PyTorch `mode='area'`).
 */
export function areaMatrix(from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const start = Math.floor((i * from) / to);
    const end = Math.ceil(((i + 1) * from) / to);
    for (let j = start; j < end; j++) matrix[i * from + j] = 1 / (end - start);
  }
  return matrix;
}
