import type { ProgressReporter } from '@ar-distill/core';
import type { RunLog } from './run-log';

/** Passes everything on, and keeps messages and the beginnings and ends of stages in a run's log. */
export function loggedProgress(progress: ProgressReporter, log: RunLog): ProgressReporter {
  let running: { readonly stage: string; readonly started: number } | undefined;
  return {
    update(update) {
      const { stage, done, total, metrics } = update;
      if (running?.stage !== stage) {
        running = { stage, started: performance.now() };
        log.info('stage begun', { stage, done, total });
      }
      if (done >= total) {
        const seconds = Math.round(performance.now() - running.started) / 1000;
        log.info('stage done', { stage, total, seconds, metrics });
        running = undefined;
      }
      progress.update(update);
    },
    message(text) {
      log.info('message', { text });
      progress.message(text);
    },
  };
}
