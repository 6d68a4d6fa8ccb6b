/** Shape of a learning rate over a training. */
export interface LearningRateOptions {
  /** Highest learning rate, reached at the end of the warm-up. */
  readonly peak: number;
  /** Learning rate of the first iteration when there is a warm-up. */
  readonly initial: number;
  /** Fraction of the iterations, in [0, 1], over which the rate rises linearly. */
  readonly warmUpFraction: number;
  /** What follows the warm-up. */
  readonly decay: 'constant' | 'cosine';
  /** Learning rate of the last iteration as a fraction of the peak; only `cosine` reads it. */
  readonly finalFraction: number;
  readonly iterations: number;
}

/**
 * Learning rate of every iteration, counted from 0: linear from `initial` to `peak`, then constant or
 * half a cosine down to `finalFraction · peak`, which later iterations keep.
 */
export function learningRateSchedule(options: LearningRateOptions): (iteration: number) => number {
  const { peak, initial, decay, finalFraction, iterations } = options;
  const warmUp = Math.round(options.warmUpFraction * iterations);
  return (iteration) => {
    if (iteration < warmUp) return initial + ((peak - initial) * iteration) / warmUp;
    if (decay === 'constant') return peak;
    const last = Math.max(1, iterations - 1 - warmUp);
    const progress = Math.min(1, (iteration - warmUp) / last);
    const share = (1 + Math.cos(Math.PI * progress)) / 2;
    return peak * (finalFraction + (1 - finalFraction) * share);
  };
}
