/** Fréchet distances of the same number of samples. */
export interface GapDistances {
  /** All tokens independent (onestep*): what one evaluation gives without distillation. */
  readonly independent: number;
  readonly distilled: number;
  readonly teacher: number;
}

/**
 * Share of the gap between onestep* and the teacher that distillation closes:
 * (that of onestep* − the generator's) / (that of onestep* − the teacher's), 1 equals the teacher.
 * Undefined when onestep* is not worse than the teacher, because then there is no gap.
 */
export function gapClosed({ independent, distilled, teacher }: GapDistances): number | undefined {
  const gap = independent - teacher;
  return gap > 0 ? (independent - distilled) / gap : undefined;
}
