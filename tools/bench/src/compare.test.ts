import type { BenchSide } from './bench-model';
import { compare, median } from './compare';

function side(name: string, times: readonly number[], loss: number, order: string[]): BenchSide {
  let at = 0;
  return {
    name,
    step: async () => {
      order.push(name);
      return { milliseconds: times[at++]!, loss };
    },
    peakMemory: async () => 1024,
    close: async () => undefined,
  };
}

describe('compare', () => {
  it('trains by turns and compares the medians without the warm-up', async () => {
    const order: string[] = [];
    const fast = side('fast', [900, 900, 10, 30, 20], 2, order);
    const slow = side('slow', [1, 1, 50, 60, 40], 2.5, order);
    const slower = side('slower', [1, 1, 90, 80, 70], 1, order);
    const summaries = await compare([fast, slow, slower], 3);
    expect(order).toEqual(Array.from({ length: 5 }, () => ['fast', 'slow', 'slower']).flat());
    expect(summaries.map(({ name }) => name)).toEqual(['fast', 'slow', 'slower']);
    expect(summaries.map(({ medianMilliseconds }) => medianMilliseconds)).toEqual([20, 50, 80]);
    expect(summaries.map(({ ratio }) => ratio)).toEqual([1, 2.5, 4]);
    expect(summaries.map(({ lossDifference }) => lossDifference)).toEqual([0, 0.25, 0.5]);
  });

  it('measures one side alone', async () => {
    expect(await compare([side('only', [9, 9, 5], 1, [])], 1)).toEqual([
      {
        name: 'only',
        medianMilliseconds: 5,
        peakMemory: 1024,
        lastLoss: 1,
        ratio: 1,
        lossDifference: 0,
      },
    ]);
  });
});

it('takes the mean of the two middle values', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([7])).toBe(7);
});
