import type { MethodStage, RunStore } from '@ar-distill/core';
import type { TrainingEnvironment } from '@ar-distill/core/optimization';
import type { Run } from '@ar-distill/runs';
import { readStageTimes, writeStageTimes } from './stage-times';

/**
 * Runs stages one after the other. The run keeps the time that each took, so that what passed before an
 * interruption is not forgotten; reading the result of a finished one again is not counted. One whose
 * result was lost is made again without touching the checkpoint of a later one.
 * @returns seconds per stage. Of a training they are those that its metrics log counts, in which previews
 *   are not.
 */
export async function runStages(
  stages: readonly MethodStage[],
  environment: TrainingEnvironment & { readonly run: Run },
): Promise<Record<string, number>> {
  const { run } = environment;
  const times = await readStageTimes(run.path);
  const taken: Record<string, number> = {};
  for (const stage of stages) {
    const { name } = stage;
    const before = times[name] ?? { seconds: 0, finished: false };
    const started = performance.now();
    const keep = async (finished: boolean): Promise<void> => {
      const seconds = before.seconds + (performance.now() - started) / 1000;
      times[name] = before.finished ? before : { seconds, finished };
      await writeStageTimes(run, times);
    };
    const reached = before.finished ? (await run.loadCheckpoint())?.stage : undefined;
    const isLost = reached !== undefined && reached !== name;
    // What a pool has saved is not drawn again: neither is its time forgotten when the process is killed.
    const store = isLost ? withoutCheckpoint(run) : storeOf(run);
    const saveArrays: RunStore['saveArrays'] = async (arrays, values) => {
      await run.saveArrays(arrays, values);
      await keep(false);
    };
    try {
      await stage.run({ ...environment, run: { ...store, saveArrays } });
    } catch (error) {
      // Why the stage ended says more than that its time could not be kept.
      await keep(false).catch(() => undefined);
      // The stage would say that it is saved.
      if (isLost) environment.signal.throwIfAborted();
      throw error;
    }
    await keep(true);
    taken[name] = times[name]!.seconds;
  }
  for (const { stage, seconds } of await environment.run.readMetrics()) {
    if (typeof stage === 'string' && typeof seconds === 'number' && stage in taken) {
      taken[stage] = seconds;
    }
  }
  return taken;
}

type StoreOfStage = Omit<RunStore, 'saveArrays'>;

function storeOf(run: Run): StoreOfStage {
  return {
    loadCheckpoint: () => run.loadCheckpoint(),
    saveCheckpoint: (checkpoint) => run.saveCheckpoint(checkpoint),
    logMetrics: (record) => run.logMetrics(record),
    loadArrays: (name) => run.loadArrays(name),
    removeArrays: (name) => run.removeArrays(name),
  };
}

/** For a stage that is made again: its training has no checkpoint, and the run keeps the one that it has. */
function withoutCheckpoint(run: Run): StoreOfStage {
  return {
    ...storeOf(run),
    loadCheckpoint: async () => undefined,
    saveCheckpoint: async () => undefined,
    logMetrics: () => undefined,
  };
}
