import type { MethodStage, ProgressUpdate } from '@ar-distill/core';
import { placedProgress, placedStages } from './placed-stages';

function stage(name: string, work: number): MethodStage {
  return {
    name,
    title: name,
    work,
    run: async ({ progress }) =>
      progress.update({ stage: name, done: 1, total: 1, metrics: { loss: 0.5 } }),
  };
}

describe('placedStages', () => {
  it('says which of all stages a progress is of, and how much comes after it', async () => {
    const updates: ProgressUpdate[] = [];
    const progress = { update: (update: ProgressUpdate) => updates.push(update), message: () => undefined };
    const stages = placedStages([stage('pool', 10), stage('tuning', 30)], {
      before: 1,
      after: [{ work: 60 }, {}],
    });
    for (const { run } of stages) {
      await run({
        progress,
        signal: new AbortController().signal,
        run: {
          loadCheckpoint: async () => undefined,
          saveCheckpoint: async () => undefined,
          logMetrics: () => undefined,
          saveArrays: async () => undefined,
          loadArrays: async () => undefined,
        },
      });
    }
    expect(stages.map(({ name, work }) => [name, work])).toEqual([
      ['pool', 10],
      ['tuning', 30],
    ]);
    const metrics = { loss: 0.5 };
    expect(updates).toEqual([
      {
        ...{ stage: 'pool', done: 1, total: 1, metrics },
        place: { number: 2, of: 5, work: { own: 10, after: 90 } },
      },
      {
        ...{ stage: 'tuning', done: 1, total: 1, metrics },
        place: { number: 3, of: 5, work: { own: 30, after: 60 } },
      },
    ]);
  });
});

describe('placedProgress', () => {
  it('passes messages on', () => {
    const message = jest.fn();
    placedProgress({ update: () => undefined, message }, { number: 1, of: 1 }).message('Saved.');
    expect(message).toHaveBeenCalledWith('Saved.');
  });
});
