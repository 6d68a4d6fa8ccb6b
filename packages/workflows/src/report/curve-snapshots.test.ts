import { float32, type HostTensors } from '@ar-distill/program';
import { curveSnapshots, keepSnapshot, savedSnapshots } from './curve-snapshots';

/** Updates after which a training of `total` writes checkpoints. */
function checkpoints(total: number, interval: number): number[] {
  const all = Array.from({ length: Math.ceil(total / interval) }, (_, i) => (i + 1) * interval);
  return all.map((iteration) => Math.min(iteration, total));
}

/** The arrays of a run that lives in memory. */
function memoryRun(saved: readonly number[] = []) {
  const arrays = new Map<string, HostTensors>();
  const weightsOf = (value: number): HostTensors => ({ w: float32([], Float32Array.of(value)) });
  for (const iteration of saved) {
    arrays.set(`snapshot-${String(iteration).padStart(6, '0')}`, weightsOf(iteration));
  }
  let most = 0;
  return {
    arrayNames: () => Promise.resolve(['teacher-pool', ...arrays.keys()]),
    saveArrays: async (name: string, given: Readonly<HostTensors>) => {
      arrays.set(name, given);
      most = Math.max(most, arrays.size);
    },
    removeArrays: async (name: string) => void arrays.delete(name),
    snapshot: (iteration: number, total?: number) => ({
      iteration,
      seconds: 1,
      weights: weightsOf(iteration),
      ...(total === undefined ? {} : { total }),
    }),
    /** Snapshots that were there at the same time, at most. */
    most: () => most,
  };
}

describe('the snapshots of the quality curve', () => {
  it.each([
    [8000, 100, [1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000]],
    [1400, 100, [200, 400, 600, 700, 900, 1100, 1300, 1400]],
    [60, 30, [30, 60]],
    [4, 2, [2, 4]],
    [7, 100, [7]],
  ])('of %d updates, saved every %d, are at most eight and end with the last', (...given) => {
    const [total, interval, expected] = given;
    expect(curveSnapshots(checkpoints(total, interval), total)).toEqual(expected);
  });

  it.each([
    [8000, 100],
    [1400, 100],
    [1000, 7],
    [97, 1],
  ])('are all that a run of %d updates keeps', async (total, interval) => {
    const run = memoryRun();
    for (const iteration of checkpoints(total, interval)) {
      await keepSnapshot(run, run.snapshot(iteration, total));
    }
    const saved = await savedSnapshots(run);
    expect(saved).toEqual(curveSnapshots(checkpoints(total, interval), total));
    expect(saved).toEqual(curveSnapshots(saved, total));
    expect(run.most()).toBeLessThanOrEqual(8);
  });

  it('thin out what an earlier version kept when its run goes on', async () => {
    const run = memoryRun(checkpoints(600, 100));
    await keepSnapshot(run, run.snapshot(700, 1400));
    expect(await savedSnapshots(run)).toEqual([200, 400, 600, 700]);
  });

  it('take a later one where one was lost', async () => {
    const run = memoryRun();
    for (const iteration of [100, 300, 400]) {
      await keepSnapshot(run, run.snapshot(iteration, 800));
    }
    expect(await savedSnapshots(run)).toEqual([100, 300, 400]);
    const sparse = memoryRun();
    for (const iteration of [50, 150, 190, 300]) {
      await keepSnapshot(sparse, sparse.snapshot(iteration, 800));
    }
    expect(await savedSnapshots(sparse)).toEqual([150, 300]);
  });

  it('are all kept when nobody says how long training is', async () => {
    const run = memoryRun();
    for (const iteration of checkpoints(90, 5)) await keepSnapshot(run, run.snapshot(iteration));
    expect(await savedSnapshots(run)).toHaveLength(18);
  });
});
