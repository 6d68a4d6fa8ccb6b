import { setTimeout as pause } from 'node:timers/promises';
import type { BenchSide, StepMeasurement } from './bench-model';

/** What became of one model's comparison. */
export interface Comparison {
  readonly sides: readonly [SideSummary, SideSummary | undefined];
  /** Median time of the second side over that of the first. */
  readonly ratio: number | undefined;
  /** Largest |difference of the losses| / loss over the steps. */
  readonly lossDifference: number | undefined;
}

export interface SideSummary {
  readonly name: string;
  readonly medianMilliseconds: number;
  readonly peakMemory: number;
  readonly lastLoss: number;
}

/** Busy-waiting threads of one side would slow the other down: let them go to sleep. */
const PAUSE_MS = 150;
const WARM_UP = 2;

/**
 * Trains both sides by turns, so that what else the machine does slows both down alike. The first
 * steps (allocation, selection of kernels) are trained but not timed.
 */
export async function compare(
  first: BenchSide,
  second: BenchSide | undefined,
  pairs: number,
): Promise<Comparison> {
  const sides = second ? [first, second] : [first];
  const measured: StepMeasurement[][] = sides.map(() => []);
  for (let i = 0; i < pairs + WARM_UP; i++) {
    for (const [at, side] of sides.entries()) {
      measured[at]!.push(await side.step());
      await pause(PAUSE_MS);
    }
  }
  const summaries = await Promise.all(sides.map((side, at) => summarize(side, measured[at]!)));
  const [one, two] = summaries as [SideSummary, SideSummary | undefined];
  return {
    sides: [one, two],
    ratio: two && two.medianMilliseconds / one.medianMilliseconds,
    lossDifference: two && largestDifference(measured[0]!, measured[1]!),
  };
}

async function summarize(side: BenchSide, steps: readonly StepMeasurement[]): Promise<SideSummary> {
  return {
    name: side.name,
    medianMilliseconds: median(steps.slice(WARM_UP).map(({ milliseconds }) => milliseconds)),
    peakMemory: await side.peakMemory(),
    lastLoss: steps.at(-1)?.loss ?? NaN,
  };
}

function largestDifference(a: readonly StepMeasurement[], b: readonly StepMeasurement[]): number {
  return Math.max(...a.map(({ loss }, i) => Math.abs(loss - b[i]!.loss) / Math.abs(loss)));
}

/** The middle value; the mean of both when there are two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
