import type { ProgressUpdate } from '@ar-distill/core';
import prettyMilliseconds from 'pretty-ms';

const METRICS_SHOWN = 4;
/** Characters of the bar where there is room, and where there is less. */
const BAR_SIZES = [20, 10, 5] as const;

/** An update as it is shown. */
export interface ShownProgress {
  /** "stage 2 of 4, tuning". */
  readonly head: string;
  /** What stands behind the bar. */
  readonly figures: string;
  /** Characters of the bar between them. */
  readonly barSize: number;
}

/** Seconds per iteration, where they are known. */
type Pace = number | undefined;

/** Which figures are shown; the others give way when there is no room. */
interface Choice {
  readonly barSize: number;
  readonly metrics: number;
  readonly pace: boolean;
  readonly percentage: boolean;
}

const WIDEST: Choice = { barSize: BAR_SIZES[0], metrics: METRICS_SHOWN, pace: true, percentage: true };

/** What gives way first: metrics, half of the bar, the pace, the percentage. */
const NARROWER: readonly Choice[] = [
  ...[3, 2, 1, 0].map((metrics) => ({ ...WIDEST, metrics })),
  { ...WIDEST, metrics: 0, barSize: BAR_SIZES[1] },
  { ...WIDEST, metrics: 0, barSize: BAR_SIZES[1], pace: false },
  { metrics: 0, barSize: BAR_SIZES[2], pace: false, percentage: false },
];

/** The line of an update with everything that there is to say. */
export function progressLine(update: ProgressUpdate, pace: Pace): string {
  return `${headOf(update)} ${figuresOf(update, pace, WIDEST)}`;
}

/** An update for a line of `columns` characters; what does not fit is left out. */
export function fittedProgress(
  update: ProgressUpdate,
  pace: Pace,
  columns: number,
): ShownProgress {
  const head = headOf(update);
  const shown = [WIDEST, ...NARROWER].map((choice) => ({
    head,
    figures: figuresOf(update, pace, choice),
    barSize: choice.barSize,
  }));
  // A space on either side of the bar; a full last column makes some terminals go to the next line.
  const fits = ({ figures, barSize }: ShownProgress): boolean =>
    head.length + barSize + figures.length + 2 < columns;
  const narrowest = shown.at(-1)!;
  const room = columns - narrowest.barSize - narrowest.figures.length - 3;
  return shown.find(fits) ?? { ...narrowest, head: shortened(head, room) };
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(0, length - 1))}…`;
}

function headOf({ stage, place }: ProgressUpdate): string {
  return place === undefined ? stage : `stage ${place.number} of ${place.of}, ${stage}`;
}

function figuresOf(update: ProgressUpdate, pace: Pace, choice: Choice): string {
  const { done, total, metrics } = update;
  const share = choice.percentage ? ` (${Math.floor((100 * done) / Math.max(1, total))}%)` : '';
  const parts = [`${done}/${total}${share}`];
  if (pace !== undefined && pace > 0) {
    if (choice.pace) {
      parts.push(pace < 1 ? `${(1 / pace).toFixed(1)} it/s` : `${pace.toFixed(1)} s/it`);
    }
    const left = timeLeft(update, pace);
    if (left !== undefined) parts.push(left);
  }
  for (const [name, value] of Object.entries(metrics).slice(0, choice.metrics)) {
    parts.push(`${name} ${value.toPrecision(4)}`);
  }
  return parts.join(' · ');
}

/** The time to go of the stage and, where more come after it, of all. */
function timeLeft({ done, total, place }: ProgressUpdate, pace: number): string | undefined {
  const own = pace * (total - done);
  const { work } = place ?? {};
  const after = work && work.own > 0 ? (work.after * pace * total) / work.own : 0;
  if (done >= total) return after > 0 ? `${timeToGo(after)} to go in all` : undefined;
  const stage = `${timeToGo(own)} to go`;
  return after > 0 ? `${stage}, ${timeToGo(own + after)} in all` : stage;
}

function timeToGo(seconds: number): string {
  return prettyMilliseconds(1000 * Math.ceil(seconds), { unitCount: 2 });
}
