import type { ProgressReporter, ProgressUpdate } from '@ar-distill/core';

/** Seconds between lines when they cannot be rewritten in place. */
const LINE_INTERVAL = 10;
/** Seconds between updates of a line that can. */
const REDRAW_INTERVAL = 0.1;
/** Weight of the past in the smoothed pace. */
const SMOOTHING = 0.9;
const METRICS_SHOWN = 4;

/** What a reporter needs of a stream. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

interface StageState {
  readonly stage: string;
  done: number;
  time: number;
  /** Seconds per iteration, smoothed. */
  pace: number | undefined;
  shown: number;
}

/**
 * One line per stage with its share, pace, time to go and figures. On a terminal it is rewritten in
 * place; elsewhere a line appears every ten seconds and at the end.
 */
export function createProgressReporter(
  stream: ProgressStream = process.stderr,
  now: () => number = () => performance.now() / 1000,
): ProgressReporter {
  const interactive = stream.isTTY === true;
  let current: StageState | undefined;
  let open = false;

  const closeLine = (): void => {
    if (open) stream.write('\n');
    open = false;
  };
  return {
    update(progress) {
      const time = now();
      const { stage, done, total } = progress;
      if (current?.stage !== stage || done < current.done) {
        closeLine();
        current = { stage, done, time, pace: undefined, shown: Number.NEGATIVE_INFINITY };
      } else if (done > current.done) {
        const pace = (time - current.time) / (done - current.done);
        current.pace =
          current.pace === undefined ? pace : SMOOTHING * current.pace + (1 - SMOOTHING) * pace;
        current.done = done;
        current.time = time;
      }
      const interval = interactive ? REDRAW_INTERVAL : LINE_INTERVAL;
      if (time - current.shown < interval && done < total) return;
      current.shown = time;
      const line = describe(progress, current.pace);
      if (interactive) {
        stream.write(`\r\u001b[2K${line.slice(0, (stream.columns ?? 120) - 1)}`);
        open = true;
        if (done >= total) closeLine();
      } else {
        stream.write(`${line}\n`);
      }
    },
    message(text) {
      closeLine();
      stream.write(`${text}\n`);
    },
  };
}

function describe({ stage, done, total, metrics }: ProgressUpdate, pace?: number): string {
  const parts = [`${stage} ${done}/${total} (${Math.floor((100 * done) / Math.max(1, total))}%)`];
  if (pace !== undefined && pace > 0) {
    parts.push(pace < 1 ? `${(1 / pace).toFixed(1)} it/s` : `${pace.toFixed(1)} s/it`);
    if (done < total) parts.push(`${duration(pace * (total - done))} to go`);
  }
  for (const [name, value] of Object.entries(metrics).slice(0, METRICS_SHOWN)) {
    parts.push(`${name} ${value.toPrecision(4)}`);
  }
  return parts.join(' · ');
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
