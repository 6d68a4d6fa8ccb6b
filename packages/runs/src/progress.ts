import { printableLine, type ProgressReporter, type ProgressUpdate } from '@ar-distill/core';
import { Format, Presets, SingleBar } from 'cli-progress';
import { fittedProgress, progressLine, type ShownProgress } from './progress-text';

/** Seconds between lines where they cannot be rewritten in place. */
const LINE_INTERVAL = 10;
/** Weight of the past in the smoothed pace. */
const SMOOTHING = 0.9;
/** Of a terminal that does not say its own. */
const COLUMNS = 80;

/** What a reporter needs of a stream that is no terminal. */
export interface ProgressStream {
  write(text: string): unknown;
  /** Set on terminals, which are streams of Node. */
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** A reporter that may have a line open. */
export interface ProgressLines extends ProgressReporter {
  /** Ends the line that is open, if any; the next update opens another. */
  close(): void;
}

interface StageState {
  readonly stage: string;
  done: number;
  time: number;
  /** Seconds per iteration, smoothed. */
  pace: number | undefined;
}

/** Where updates go. */
interface Display {
  /** Shows an update, or leaves it out when another was shown just before. */
  show(progress: ProgressUpdate, pace: number | undefined): void;
  /** Ends what is shown of a stage: the next update is another's. */
  end(): void;
  /** Ends a line that is open; the stage goes on. */
  closeLine(): void;
}

/**
 * One line per stage with its share, pace, time to go and figures. On a terminal it has a bar and is
 * rewritten in place; elsewhere, and on a terminal that cannot do that (`TERM=dumb`), a line appears every
 * ten seconds and at the end.
 */
export function createProgressReporter(
  stream: ProgressStream = process.stderr,
  { TERM }: Readonly<Record<string, string | undefined>> = process.env,
): ProgressLines {
  const display =
    isTerminal(stream) && TERM !== 'dumb' ? barDisplay(stream) : lineDisplay(stream);
  let current: StageState | undefined;
  return {
    update(progress) {
      const { stage, done } = progress;
      const time = performance.now() / 1000;
      if (current?.stage !== stage || done < current.done) {
        display.end();
        current = { stage, done, time, pace: undefined };
      } else if (done > current.done) {
        const pace = (time - current.time) / (done - current.done);
        current.pace =
          current.pace === undefined ? pace : SMOOTHING * current.pace + (1 - SMOOTHING) * pace;
        current.done = done;
        current.time = time;
      }
      display.show(progress, current.pace);
    },
    message(text) {
      display.closeLine();
      stream.write(`${printableLine(text)}\n`);
    },
    close: () => display.closeLine(),
  };
}

function isTerminal(stream: ProgressStream): stream is NodeJS.WriteStream {
  return stream.isTTY === true;
}

/** A bar that gets along with what else happens in the process. */
class BackgroundBar extends SingleBar {
  // The library has these, but does not declare them.
  private declare readonly timer: NodeJS.Timeout | null;
  private declare readonly terminal: { cursorSave(): void; cursorRestore(): void };

  constructor(...options: ConstructorParameters<typeof SingleBar>) {
    super(...options);
    // It would return to where its line began, over what was written to the terminal since.
    this.terminal.cursorSave = this.terminal.cursorRestore = () => undefined;
  }

  override render(): void {
    super.render();
    // A bar whose stage failed must not keep the process alive.
    this.timer?.unref();
  }
}

function barDisplay(stream: NodeJS.WriteStream): Display {
  const bar = new BackgroundBar(
    {
      stream,
      format: (options, { progress }, { head, figures, barSize }: ShownProgress) =>
        `${head} ${Format.BarFormat(progress, { ...options, barsize: barSize })} ${figures}`,
      // Lines are cut at the terminal's edge.
      linewrap: true,
      emptyOnZero: true,
    },
    Presets.shades_classic,
  );
  const closeLine = (): void => bar.stop();
  return {
    show(progress, pace) {
      const { done, total } = progress;
      const payload = fittedProgress(progress, pace, stream.columns || COLUMNS);
      if (bar.isActive) bar.update(done, payload);
      else bar.start(total, done, payload);
      if (done >= total) closeLine();
    },
    end: closeLine,
    closeLine,
  };
}

function lineDisplay(stream: ProgressStream): Display {
  let shown = Number.NEGATIVE_INFINITY;
  return {
    show(progress, pace) {
      const time = performance.now() / 1000;
      if (time - shown < LINE_INTERVAL && progress.done < progress.total) return;
      shown = time;
      stream.write(`${progressLine(progress, pace)}\n`);
    },
    end() {
      shown = Number.NEGATIVE_INFINITY;
    },
    closeLine: () => undefined,
  };
}
