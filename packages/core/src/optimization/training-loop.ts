import { elementCount, type StateStore, type TensorSource } from '@ar-distill/program';
import { TrainingInterruptedError } from '../ports/interruption';
import type { ProgressReporter } from '../ports/progress';
import type { RunStore } from '../ports/run-store';
import { callsInOrder } from './calls-in-order';
import { TrainingDivergedError } from './errors';
import { finiteState } from './finite-state';

/** What a stage gets from the application. */
export interface TrainingEnvironment {
  readonly run: RunStore;
  readonly progress: ProgressReporter;
  /** Set by Ctrl-C: the stage finishes its step, saves and throws `TrainingInterruptedError`. */
  readonly signal: AbortSignal;
}

/** One stage of training: `iterations` steps that can be stopped and resumed between any two. */
export interface TrainingStage<Batch> {
  readonly name: string;
  readonly iterations: number;
  /** Iterations between checkpoints. */
  readonly checkpointInterval: number;
  /**
   * Draws or reads what iteration `iteration` (from 0) needs; called while the step before it still
   * runs, so reading costs no time as long as it takes less than a step.
   */
  prepare(iteration: number): Batch | Promise<Batch>;
  /**
   * Called before every iteration, the first one after a resume included: what has to be compiled or
   * changed there. Its time does not count.
   */
  enter?(iteration: number): Promise<void>;
  /** Runs one iteration and returns its figures. */
  step(batch: Batch, iteration: number): Promise<Record<string, number>>;
  /** Learning rates of an iteration by their names, for the metrics log alone: nobody watches them. */
  learningRates?(iteration: number): Readonly<Record<string, number>>;
  /** Holds everything that a resumed run needs beside the counters. */
  readonly state: Pick<StateStore, 'specs' | 'read' | 'write'>;
  /**
   * Called after each checkpoint that training wrote, and at the end: previews, snapshots. A training that
   * stopped between such a checkpoint and this calls it when it is resumed.
   */
  afterCheckpoint?(iterationsDone: number, secondsTrained: number): Promise<void>;
}

/**
 * Runs a stage to its end, from the run's checkpoint when that lies in this stage.
 * Checkpoints are written at fixed intervals, at the end, and when interrupted.
 * @returns seconds trained, those before a resume included.
 * @throws TrainingDivergedError when a figure, or at a checkpoint the state, is not finite; the last
 *   checkpoint stays valid.
 * @throws TrainingInterruptedError after the state was saved.
 */
export async function runStage<Batch>(
  stage: TrainingStage<Batch>,
  { run, progress, signal }: TrainingEnvironment,
): Promise<number> {
  const { iterations, name } = stage;
  const checkpoint = await run.loadCheckpoint();
  let done = 0;
  let seconds = 0;
  if (checkpoint?.stage === name) {
    await restore(stage.state, checkpoint.tensors);
    done = checkpoint.iteration;
    seconds = checkpoint.cursor['seconds'] ?? 0;
  }
  const save = async (): Promise<void> =>
    run.saveCheckpoint({
      stage: name,
      iteration: done,
      cursor: { seconds },
      // Iterations count from 0: the last one that ran.
      tensors: finiteState(name, done - 1, stage.state),
    });

  const isDue = (): boolean => done % stage.checkpointInterval === 0 || done === iterations;
  // Whether the last process came to it nobody knows: it gives the same again.
  if (done > 0 && isDue()) await stage.afterCheckpoint?.(done, seconds);

  let started = performance.now();
  const enter = async (): Promise<void> => {
    const before = performance.now();
    await stage.enter?.(done);
    started += performance.now() - before;
  };
  const lap = (): void => {
    const now = performance.now();
    seconds += (now - started) / 1000;
    started = now;
  };
  // Also what it throws at once waits for the step that runs meanwhile.
  const prepare = async (iteration: number): Promise<{ readonly batch: Batch } | undefined> =>
    iteration < iterations ? { batch: await stage.prepare(iteration) } : undefined;
  let next = await prepare(done);
  while (next) {
    await enter();
    const running = stage.step(next.batch, done);
    const [metrics, upcoming] = await callsInOrder([running, prepare(done + 1)]);
    next = upcoming;
    for (const [metric, value] of Object.entries(metrics)) {
      if (!Number.isFinite(value)) throw new TrainingDivergedError(name, metric, done, value);
    }
    lap();
    done++;
    const rates = stage.learningRates?.(done - 1);
    run.logMetrics({ stage: name, iteration: done, seconds: round(seconds), ...metrics, ...rates });
    progress.update({ stage: name, done, total: iterations, metrics });
    if (signal.aborted && done < iterations) {
      await save();
      throw new TrainingInterruptedError(name, done, iterations);
    }
    if (isDue()) {
      await save();
      await stage.afterCheckpoint?.(done, seconds);
      // Saving and previews are not training time.
      started = performance.now();
    }
  }
  return seconds;
}

/** Elements that are moved from a checkpoint at a time. */
const RESTORED_AT_ONCE = 2 ** 24;

/** Fills the state piece by piece, so that it is never in memory twice. */
async function restore(
  state: Pick<StateStore, 'specs' | 'write'>,
  saved: TensorSource,
): Promise<void> {
  let names: string[] = [];
  let size = 0;
  const move = async (): Promise<void> => {
    await state.write(await saved.read(names));
    names = [];
    size = 0;
  };
  for (const [name, { shape }] of Object.entries(state.specs)) {
    names.push(name);
    size += elementCount(shape);
    if (size >= RESTORED_AT_ONCE) await move();
  }
  await move();
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
