import type { MethodStage } from '@ar-distill/core';
import type { TrainingEnvironment } from '@ar-distill/core/optimization';
import type { Run } from '@ar-distill/runs';

/**
 * Runs stages one after the other.
 * @returns seconds per stage. Of a training they are those that its metrics log counts: the time before
 *   an interruption is in them, previews are not.
 */
export async function runStages(
  stages: readonly MethodStage[],
  environment: TrainingEnvironment & { readonly run: Run },
): Promise<Record<string, number>> {
  const taken: Record<string, number> = {};
  for (const stage of stages) {
    const started = performance.now();
    await stage.run(environment);
    taken[stage.name] = (performance.now() - started) / 1000;
  }
  for (const { stage, seconds } of await environment.run.readMetrics()) {
    if (typeof stage === 'string' && typeof seconds === 'number' && stage in taken) {
      taken[stage] = seconds;
    }
  }
  return taken;
}
