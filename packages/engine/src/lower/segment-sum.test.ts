import * as tf from '@tensorflow/tfjs';
import type { HostTensor } from '@ar-distill/program';
import { difference, integers, specOf, uniform } from '../../test-support/arrays';
import { ProgramSession } from '../../test-support/run-program';

tf.enableProdMode();

const COUNT = 12_000;
const WIDTH = 16;

/** Row sums in double precision. */
function sumsByHand(x: HostTensor, ids: HostTensor, segments: number): HostTensor {
  const sums = new Float64Array(segments * WIDTH);
  ids.data.forEach((id, row) => {
    for (let i = 0; i < WIDTH; i++) sums[id * WIDTH + i]! += x.data[row * WIDTH + i]!;
  });
  return { shape: [segments, WIDTH], dtype: 'float32', data: Float32Array.from(sums) };
}

// Additions of many threads into one row would lose some of them, in some of the runs.
test.each([
  ['a matrix product', 5],
  ['scattering', 5000],
])('sums of thousands of rows per segment are whole and repeatable: %s', async (_, segments) => {
  const values = uniform([COUNT, WIDTH], -1, 1, 7);
  const ids = integers([COUNT], 0, 5, 8);
  const session = await ProgramSession.compile(
    ({ inputs: { x, indices } }) => ({
      outputs: { sums: tf.unsortedSegmentSum(x!, indices as tf.Tensor1D, segments) },
    }),
    { state: {}, constants: {}, inputs: { x: specOf(values), indices: specOf(ids) } },
    { threads: 2 },
  );
  const run = async (): Promise<HostTensor> =>
    (await session.run({ state: {}, inputs: { x: values, indices: ids } })).outputs['sums']!;
  const first = await run();
  expect(difference(first, sumsByHand(values, ids, segments))).toBeLessThan(1e-5);
  const bytes = Buffer.from(first.data.buffer);
  for (let repeat = 1; repeat < 50; repeat++) {
    expect(Buffer.from((await run()).data.buffer).equals(bytes)).toBe(true);
  }
  await session.close();
});
