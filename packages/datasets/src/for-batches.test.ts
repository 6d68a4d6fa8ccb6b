import type { LabeledBatch } from '@ar-distill/core';
import { numberedSplit } from '../test-support/numbered-split';
import { forBatches } from './for-batches';

async function visited(count: number, size: number, start?: number) {
  const visits: { images: number[]; first: number; kept: number }[] = [];
  const visit = async ({ images }: LabeledBatch, first: number, kept: number): Promise<void> => {
    visits.push({ images: [...images.data], first, kept });
  };
  await forBatches(numberedSplit(count), size, visit, start);
  return visits;
}

describe('forBatches', () => {
  it('visits every image once, in order, and fills up the last batch', async () => {
    expect(await visited(5, 2)).toEqual([
      { images: [0, 1], first: 0, kept: 2 },
      { images: [2, 3], first: 2, kept: 2 },
      { images: [4, 0], first: 4, kept: 1 },
    ]);
    expect(await visited(2, 5)).toEqual([{ images: [0, 1, 0, 1, 0], first: 0, kept: 2 }]);
    expect(await visited(0, 5)).toEqual([]);
  });

  it('begins where it is asked to', async () => {
    expect(await visited(5, 2, 2)).toEqual([
      { images: [2, 3], first: 2, kept: 2 },
      { images: [4, 0], first: 4, kept: 1 },
    ]);
    expect(await visited(5, 2, 5)).toEqual([]);
  });

  it('waits for one batch before it reads the next', async () => {
    const split = numberedSplit(4);
    await forBatches(split, 2, async (_batch, first) => {
      const readSoFar = split.read.mock.calls.length;
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(split.read).toHaveBeenCalledTimes(readSoFar);
      expect(readSoFar).toBe(first / 2 + 1);
    });
  });

  it('refuses impossible sizes', async () => {
    await expect(visited(4, 0)).rejects.toThrow('a positive integer as size, not 0.');
  });
});
