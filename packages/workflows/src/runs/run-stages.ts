import type { MethodStage } from '@ar-distill/core';
import type { TrainingEnvironment } from '@ar-distill/core/optimization';
import type { Run } from '@ar-distill/runs';
import { readStageTimes, writeStageTimes } from './stage-times';

/**
 * Runs stages one after the other. The run keeps the time that each took, so that what passed before an
 * interruption is not forgotten; reading the result of a finished one again is not counted.
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
    try {
      await stage.run(environment);
    } catch (error) {
      // Why the stage ended says more than that its time could not be kept.
      await keep(false).catch(() => undefined);
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
