import * as tf from '@tensorflow/tfjs';
import { areaMatrix } from './area';
import { bicubicMatrix } from './bicubic';
import { resampleGrid } from './resample-grid';

function expectRows(matrix: Float32Array, rows: number[][]): void {
  expect(matrix.length).toBe(rows.flat().length);
  rows.flat().forEach((value, i) => expect(matrix[i]!).toBeCloseTo(value, 6));
}

it('gives PyTorch’s bicubic weights', () => {
  expectRows(bicubicMatrix(3, 7), [
    [1.109329, -0.109329, 0],
    [0.879009, 0.134111, -0.01312],
    [0.419825, 0.685131, -0.104956],
    [0, 1, 0],
    [-0.104956, 0.685131, 0.419825],
    [-0.01312, 0.134111, 0.879009],
    [0, -0.109329, 1.109329],
  ]);
  expectRows(bicubicMatrix(1, 2), [[1], [1]]);
});

it('gives PyTorch’s area weights, with windows that overlap', () => {
  expectRows(areaMatrix(5, 3), [
    [0.5, 0.5, 0, 0, 0],
    [0, 1 / 3, 1 / 3, 1 / 3, 0],
    [0, 0, 0, 0.5, 0.5],
  ]);
  expectRows(areaMatrix(3, 3), [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ]);
});

it('resamples every channel of a grid in both directions', async () => {
  await tf.setBackend('cpu');
  const map = tf.tensor3d(
    Float32Array.from({ length: 2 * 9 * 2 }, (_, i) => Math.sin(i * i)),
    [2, 9, 2],
  );
  const matrix = bicubicMatrix(3, 4);
  const actual = resampleGrid(map, matrix, 3, 4);
  expect(actual.shape).toEqual([2, 16, 2]);
  const values = map.arraySync();
  const result = (actual as tf.Tensor3D).arraySync();
  for (let b = 0; b < 2; b++) {
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 4; x++) {
        for (let c = 0; c < 2; c++) {
          let sum = 0;
          for (let v = 0; v < 3; v++) {
            for (let u = 0; u < 3; u++) {
              sum += matrix[y * 3 + v]! * matrix[x * 3 + u]! * values[b]![v * 3 + u]![c]!;
            }
          }
          expect(result[b]![y * 4 + x]![c]!).toBeCloseTo(sum, 5);
        }
      }
    }
  }
});
