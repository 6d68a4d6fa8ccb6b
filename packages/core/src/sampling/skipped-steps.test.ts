import { createRng, float32, int32 } from '@ar-distill/program';
import type { SequenceSampler } from '../model/sequence-sampler';
import { skipLastSteps } from './skipped-steps';

/** Three AR steps of 1, 2 and 1 positions with two channels. */
const layout = { channels: 2, stepLengths: [1, 2, 1] };
const drawn = [1, 2, 3, 4, 5, 6, 7, 8];
const rng = createRng(0);

function teacher(disposed: () => void = () => undefined): SequenceSampler {
  return {
    batchSize: 2,
    evaluations: 3,
    sample: (_condition, _rng, first) => {
      const data = [...drawn, ...drawn.map((value) => value + first)];
      return Promise.resolve({
        sequence: float32([2, 4, 2], Float32Array.from(data)),
        tokens: int32([2, 4], new Int32Array(8)),
      });
    },
    dispose: () => Promise.resolve(disposed()),
  };
}

it.each([
  [1, 2, [1, 2, 3, 4, 5, 6, 0, 0, 11, 12, 13, 14, 15, 16, 0, 0]],
  [2, 1, [1, 2, 0, 0, 0, 0, 0, 0, 11, 12, 0, 0, 0, 0, 0, 0]],
])('leaves the last %d AR steps at zero, in %d evaluations', async (steps, evaluations, values) => {
  const skipping = skipLastSteps(teacher(), layout, steps);
  expect(skipping.evaluations).toBe(evaluations);
  const { sequence, tokens } = await skipping.sample({}, rng, 10);
  expect(sequence.shape).toEqual([2, 4, 2]);
  expect([...sequence.data]).toEqual(values);
  expect(tokens).toBeUndefined();
});

it('disposes of the teacher, and skips neither none nor all', async () => {
  const disposed = jest.fn();
  await skipLastSteps(teacher(disposed), layout, 1).dispose();
  expect(disposed).toHaveBeenCalledTimes(1);
  expect(() => skipLastSteps(teacher(), layout, 0)).toThrow(
    'Of 3 AR steps 1 to 2 can be skipped, not 0.',
  );
  expect(() => skipLastSteps(teacher(), layout, 3)).toThrow('not 3.');
});
