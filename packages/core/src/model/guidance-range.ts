/** The least and the largest guidance scale, in the convention of the teacher's family. */
export type GuidanceRange = readonly [number, number];

/** The guidance scale of a sample as a value of its condition. */
export interface GuidanceInput {
  /** Scales that may be asked for. */
  readonly range: GuidanceRange;
  /** That of samples whose condition does not say one; within the range. */
  readonly scale: number;
}

/** Name of the value in conditions. */
export const GUIDANCE = 'guidance';

/** Whether a scale is in the range, all of them as float32. */
export function isInRange(scale: number, [lowest, highest]: GuidanceRange): boolean {
  const value = Math.fround(scale);
  return value >= Math.fround(lowest) && value <= Math.fround(highest);
}

/** "1 to 4". */
export function describeRange([lowest, highest]: GuidanceRange): string {
  return `${lowest} to ${highest}`;
}
