import { setTimeout as pause } from 'node:timers/promises';
import type { BenchSide, StepMeasurement } from './bench-model';

/** What became of one side of a model's comparison. */
export interface SideSummary {
  readonly name: string;
  readonly medianMilliseconds: number;
  readonly peakMemory: number;
  readonly lastLoss: number;
  /** Its median time over that of the first side, whose own is 1. */
  readonly ratio: number;
  /** Largest |difference from the first side's loss| / loss over the steps. */
  readonly lossDifference: number;
}

/** Busy-waiting threads of one side would slow the other down: let them go to sleep. */
const PAUSE_MS = 150;
const WARM_UP = 2;

/**
 * Trains all sides by turns, so that what else the machine does slows all of them down alike. The first
 * steps (allocation, selection of kernels) are trained but not timed.
 */
export async function compare(
  sides: readonly BenchSide[],
  rounds: number,
): Promise<readonly SideSummary[]> {
  const measured: StepMeasurement[][] = sides.map(() => []);
  for (let i = 0; i < rounds + WARM_UP; i++) {
    for (const [at, side] of sides.entries()) {
      measured[at]!.push(await side.step());
      await pause(PAUSE_MS);
    }
  }
  const medians = measured.map((steps) =>
    median(steps.slice(WARM_UP).map(({ milliseconds }) => milliseconds)),
  );
  return Promise.all(
    sides.map(async (side, at) => ({
      name: side.name,
      medianMilliseconds: medians[at]!,
      peakMemory: await side.peakMemory(),
      lastLoss: measured[at]!.at(-1)?.loss ?? NaN,
      ratio: medians[at]! / medians[0]!,
      lossDifference: largestDifference(measured[0]!, measured[at]!),
    })),
  );
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
