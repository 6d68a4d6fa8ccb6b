import { createRng } from '@ar-distill/program';
import { numberedSplit } from '../test-support/numbered-split';
import { epochOrder, ShuffledBatches, ShuffledImages } from './shuffled-batches';

const RNG = createRng(7);

describe('epochOrder', () => {
  it('is a permutation that differs from epoch to epoch and is repeatable', () => {
    const first = epochOrder(RNG, 0, 100);
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect([...epochOrder(RNG, 0, 100)]).toEqual([...first]);
    expect([...epochOrder(RNG, 1, 100)]).not.toEqual([...first]);
  });

  it('stays as it was: a run that is resumed with a later version reads the same batches', () => {
    expect([...epochOrder(createRng(0), 0, 12)]).toEqual([6, 2, 7, 5, 9, 3, 4, 11, 8, 0, 10, 1]);
    expect([...epochOrder(createRng(0), 5, 12)]).toEqual([7, 8, 4, 0, 9, 10, 3, 2, 11, 6, 5, 1]);
  });

  it('puts every sample at every position equally often', () => {
    const epochs = 4000;
    const counts = new Float64Array(16);
    for (let epoch = 0; epoch < epochs; epoch++) {
      epochOrder(RNG, epoch, 4).forEach((sample, position) => counts[4 * position + sample]!++);
    }
    for (const count of counts) expect(Math.abs(count / epochs - 0.25)).toBeLessThan(0.03);
  });
});

describe('ShuffledBatches', () => {
  it('visits every sample once per epoch, across batches that span two epochs', () => {
    const batches = new ShuffledBatches(RNG, 10, 4);
    const visited = Array.from({ length: 5 }, (_, i) => [...batches.indices(i)]).flat();
    const all = Array.from({ length: 10 }, (_, i) => i);
    expect(visited.slice(0, 10).sort((a, b) => a - b)).toEqual(all);
    expect(visited.slice(10).sort((a, b) => a - b)).toEqual(all);
  });

  it('gives an iteration the same batch in a resumed run', () => {
    const uninterrupted = new ShuffledBatches(RNG, 7, 3);
    for (let i = 0; i < 20; i++) uninterrupted.indices(i);
    const resumed = new ShuffledBatches(RNG, 7, 3);
    expect([...resumed.indices(20)]).toEqual([...uninterrupted.indices(20)]);
  });

  it('serves batches larger than the set', () => {
    expect(new ShuffledBatches(RNG, 2, 5).indices(3)).toHaveLength(5);
  });

  it('refuses impossible sizes', () => {
    expect(() => new ShuffledBatches(RNG, 0, 4)).toThrow(/positive integer as count/);
    expect(() => new ShuffledBatches(RNG, 4, 1.5)).toThrow(/positive integer as batchSize/);
  });
});

describe('ShuffledImages', () => {
  it('reads the images and classes of every batch, and no others', async () => {
    const split = numberedSplit(10);
    const batches = new ShuffledBatches(RNG, 10, 4);
    const images = new ShuffledImages(RNG, split, 4);
    for (const iteration of [0, 2, 7]) {
      const indices = [...batches.indices(iteration)];
      const batch = await images.read(iteration);
      expect([...batch.images.data]).toEqual(indices);
      expect([...batch.labels.data]).toEqual(indices.map((index) => index % 3));
    }
    expect(split.read).toHaveBeenCalledTimes(3);
  });

  it('refuses an empty split', () => {
    expect(() => new ShuffledImages(RNG, numberedSplit(0), 4)).toThrow(/positive integer as count/);
  });
});
