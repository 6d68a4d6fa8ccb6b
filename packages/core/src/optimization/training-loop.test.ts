import { setTimeout } from 'node:timers/promises';
import { float32, type HostTensors, tensorSource } from '@ar-distill/program';
import type { Checkpoint, MetricRecord, RunStore } from '../ports/run-store';
import { TrainingInterruptedError } from '../ports/interruption';
import { TrainingDivergedError } from './errors';
import { runStage, type TrainingEnvironment, type TrainingStage } from './training-loop';

class MemoryRun implements RunStore {
  checkpoint: Checkpoint | undefined;
  readonly metrics: MetricRecord[] = [];
  readonly arrays = new Map<string, HostTensors>();
  loadCheckpoint = () => Promise.resolve(this.checkpoint);
  saveCheckpoint = async (checkpoint: Checkpoint) => {
    const { specs } = checkpoint.tensors;
    const tensors = await checkpoint.tensors.read(Object.keys(specs));
    this.checkpoint = { ...checkpoint, tensors: tensorSource(structuredClone(tensors)) };
  };
  logMetrics = (record: MetricRecord) => void this.metrics.push(record);
  saveArrays = (name: string, arrays: HostTensors) => {
    this.arrays.set(name, arrays);
    return Promise.resolve();
  };
  loadArrays = (name: string) => Promise.resolve(this.arrays.get(name));
}

function environment(
  run: RunStore,
  controller = new AbortController(),
): TrainingEnvironment & { messages: string[] } {
  const messages: string[] = [];
  return {
    run,
    messages,
    signal: controller.signal,
    progress: { update: () => undefined, message: (text) => void messages.push(text) },
  };
}

/** Adds the iteration's number to a scalar, times a factor that makes the order matter. */
function summingStage(state: { value: number }, name = 'sum'): TrainingStage<number> {
  return {
    name,
    iterations: 10,
    checkpointInterval: 4,
    prepare: (iteration) => iteration,
    step: (batch) => {
      state.value = state.value * 1.5 + batch;
      return Promise.resolve({ loss: state.value });
    },
    state: {
      specs: { value: { shape: [], dtype: 'float32' } },
      read: () => Promise.resolve({ value: float32([], Float32Array.of(state.value)) }),
      write: (tensors) => {
        state.value = tensors['value']!.data[0]!;
        return Promise.resolve();
      },
    },
  };
}

/** Runs a stage that is interrupted in that iteration, from 1. */
async function expectStopped(
  stage: TrainingStage<number>,
  stop: number,
  run: MemoryRun,
): Promise<void> {
  const controller = new AbortController();
  const stopping: TrainingStage<number> = {
    ...stage,
    step: (batch, iteration) => {
      if (iteration + 1 === stop) controller.abort();
      return stage.step(batch, iteration);
    },
  };
  await expect(runStage(stopping, environment(run, controller))).rejects.toThrow(
    TrainingInterruptedError,
  );
}

describe('runStage', () => {
  it('gives the same result when interrupted after any iteration and resumed', async () => {
    const whole = { value: 0 };
    await runStage(summingStage(whole), environment(new MemoryRun()));
    for (let stop = 1; stop < 10; stop++) {
      const run = new MemoryRun();
      const stage = summingStage({ value: 0 });
      await expectStopped(stage, stop, run);
      expect(run.checkpoint?.iteration).toBe(stop);
      const second = { value: Number.NaN };
      await runStage(summingStage(second), environment(run));
      expect(second.value).toBe(whole.value);
    }
  });

  it('logs the learning rates of an iteration with its figures, and shows these alone', async () => {
    const run = new MemoryRun();
    const shown: object[] = [];
    const stage = {
      ...summingStage({ value: 0 }),
      learningRates: (iteration: number) => ({ learningRate: 2 ** -iteration }),
    };
    const progress = { update: ({ metrics }: { metrics: object }) => void shown.push(metrics) };
    const plain = environment(run);
    await runStage(stage, { ...plain, progress: { ...plain.progress, ...progress } });
    expect(run.metrics.map(({ iteration, learningRate }) => [iteration, learningRate])).toEqual(
      Array.from({ length: 10 }, (_, i) => [i + 1, 2 ** -i]),
    );
    expect(shown[0]).toEqual({ loss: 0 });
  });

  it('makes up for what a process did not come to after its checkpoint', async () => {
    for (const stop of [4, 8, 9]) {
      const run = new MemoryRun();
      const followed: number[] = [];
      const stage: TrainingStage<number> = {
        ...summingStage({ value: 0 }),
        afterCheckpoint: async (iteration) => void followed.push(iteration),
      };
      await expectStopped(stage, stop, run);
      await runStage(stage, environment(run));
      expect(followed).toEqual([4, 8, 10]);
    }
  });

  it('skips a stage whose checkpoint says that it is done', async () => {
    const run = new MemoryRun();
    await runStage(summingStage({ value: 0 }), environment(run));
    const logged = run.metrics.length;
    const again = { value: 0 };
    await runStage(summingStage(again), environment(run));
    expect(run.metrics).toHaveLength(logged);
    const { value } = await run.checkpoint!.tensors.read(['value']);
    expect(again.value).toBe(value!.data[0]);
  });

  it('starts afresh when the checkpoint belongs to another stage', async () => {
    const run = new MemoryRun();
    await runStage(summingStage({ value: 0 }, 'before'), environment(run));
    const after = { value: 0 };
    await runStage(summingStage(after), environment(run));
    expect(run.metrics).toHaveLength(20);
  });

  it('waits for batches that are read while the step before runs', async () => {
    const whole = { value: 0 };
    await runStage(summingStage(whole), environment(new MemoryRun()));
    const state = { value: 0 };
    const events: string[] = [];
    const stage = summingStage(state);
    const reading: TrainingStage<number> = {
      ...stage,
      prepare: async (iteration) => {
        events.push(`read ${iteration}`);
        await setTimeout(iteration % 2 ? 5 : 0);
        return iteration;
      },
      step: async (batch, iteration) => {
        events.push(`step ${iteration}`);
        await setTimeout(2);
        events.push(`end ${iteration}`);
        return stage.step(batch, iteration);
      },
    };
    await runStage(reading, environment(new MemoryRun()));
    expect(state.value).toBe(whole.value);
    expect(events.slice(0, 6)).toEqual(['read 0', 'step 0', 'read 1', 'end 0', 'step 1', 'read 2']);
    expect(events.filter((event) => event.startsWith('read'))).toHaveLength(10);
  });

  it('ends with the failure of a batch that cannot be read, once the step has ended', async () => {
    const run = new MemoryRun();
    let running = 0;
    const failing: TrainingStage<number> = {
      ...summingStage({ value: 0 }),
      prepare: (iteration) =>
        iteration === 6 ? Promise.reject(new Error('cannot be read')) : Promise.resolve(iteration),
      step: async () => {
        running++;
        await setTimeout(2);
        running--;
        return {};
      },
    };
    await expect(runStage(failing, environment(run))).rejects.toThrow('cannot be read');
    expect(running).toBe(0);
    expect(run.checkpoint?.iteration).toBe(4);
  });

  it('names the figure, the iteration and the stage when a loss is not finite', async () => {
    const run = new MemoryRun();
    const stage = summingStage({ value: 0 });
    const failing: TrainingStage<number> = {
      ...stage,
      step: (_, iteration) => Promise.resolve({ loss: iteration === 6 ? Number.NaN : 1 }),
    };
    const failure = await runStage(failing, environment(run)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TrainingDivergedError);
    expect((failure as Error).message).toContain(
      '"loss" became NaN at iteration 6 of the stage "sum"',
    );
    // The state of the last good checkpoint is what a resumed run gets.
    expect(run.checkpoint?.iteration).toBe(4);
  });

  it('names the part of the state that is not finite, and keeps the checkpoint before it', async () => {
    for (const [broken, value] of [
      [5, Number.NaN],
      [9, Number.NEGATIVE_INFINITY],
    ] as const) {
      const run = new MemoryRun();
      const average = new Float32Array(6);
      const stage = summingStage({ value: 0 });
      const failing: TrainingStage<number> = {
        ...stage,
        // The figures do not show it: an average is not what the loss is computed with.
        step: (_, iteration) => {
          if (iteration === broken) average[4] = value;
          return Promise.resolve({ loss: 1 });
        },
        state: {
          ...tensorSource({ 'network/ema/weight': float32([2, 3], average) }),
          write: stage.state.write,
        },
      };
      const failure = await runStage(failing, environment(run)).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(TrainingDivergedError);
      // The next checkpoint after iteration 5 is that of iteration 7, the last one that of 9.
      expect((failure as Error).message).toContain(
        `"network/ema/weight[1, 1]" became ${value} at iteration ${broken === 5 ? 7 : 9} of the stage "sum"`,
      );
      expect(run.checkpoint?.iteration).toBe(broken === 5 ? 4 : 8);
      const kept = await run.checkpoint!.tensors.read(['network/ema/weight']);
      expect(kept['network/ema/weight']!.data.every(Number.isFinite)).toBe(true);
    }
  });
});
