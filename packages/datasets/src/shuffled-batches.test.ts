import { epochOrder, ShuffledBatches, type ShuffleNoise } from './shuffled-batches';

/** A small counter-based source (xorshift of the index and the position). */
const NOISE: ShuffleNoise = {
  uniform: (_stream, index, count) => {
    let state = (index + 1) * 2654435761;
    return Float32Array.from({ length: count }, () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 8) / 2 ** 24;
    });
  },
};

describe('epochOrder', () => {
  it('is a permutation that differs from epoch to epoch and is repeatable', () => {
    const first = epochOrder(NOISE, 0, 100);
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect([...epochOrder(NOISE, 0, 100)]).toEqual([...first]);
    expect([...epochOrder(NOISE, 1, 100)]).not.toEqual([...first]);
  });

  it('puts every sample at every position equally often', () => {
    const epochs = 4000;
    const counts = new Float64Array(16);
    for (let epoch = 0; epoch < epochs; epoch++) {
      epochOrder(NOISE, epoch, 4).forEach((sample, position) => counts[4 * position + sample]!++);
    }
    for (const count of counts) expect(Math.abs(count / epochs - 0.25)).toBeLessThan(0.03);
  });
});

describe('ShuffledBatches', () => {
  it('visits every sample once per epoch, across batches that span two epochs', () => {
    const batches = new ShuffledBatches(NOISE, 10, 4);
    const visited = Array.from({ length: 5 }, (_, i) => [...batches.indices(i)]).flat();
    const all = Array.from({ length: 10 }, (_, i) => i);
    expect(visited.slice(0, 10).sort((a, b) => a - b)).toEqual(all);
    expect(visited.slice(10).sort((a, b) => a - b)).toEqual(all);
  });

  it('gives an iteration the same batch in a resumed run', () => {
    const uninterrupted = new ShuffledBatches(NOISE, 7, 3);
    for (let i = 0; i < 20; i++) uninterrupted.indices(i);
    const resumed = new ShuffledBatches(NOISE, 7, 3);
    expect([...resumed.indices(20)]).toEqual([...uninterrupted.indices(20)]);
  });

  it('serves batches larger than the set', () => {
    expect(new ShuffledBatches(NOISE, 2, 5).indices(3)).toHaveLength(5);
  });

  it('refuses impossible sizes', () => {
    expect(() => new ShuffledBatches(NOISE, 0, 4)).toThrow(/positive integer as count/);
    expect(() => new ShuffledBatches(NOISE, 4, 1.5)).toThrow(/positive integer as batchSize/);
  });
});
