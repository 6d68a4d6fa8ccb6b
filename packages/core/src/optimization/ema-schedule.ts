/**
 * Decay of the moving average after update `iteration`, counted from 0 (DD2, appendix E):
 * min(maximum, (iteration + 1)/(iteration + 10)), so that early averages forget the start.
 */
export function progressiveEmaDecay(iteration: number, maximum: number): number {
  return Math.min(maximum, (iteration + 1) / (iteration + 10));
}
