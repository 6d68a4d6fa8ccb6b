/** One report of a long task. */
export interface ProgressUpdate {
  readonly stage: string;
  /** Iterations done, of `total`. */
  readonly done: number;
  readonly total: number;
  /** Figures worth seeing, smoothed by the caller if at all. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** Shows how long work goes; bound to a terminal line with an ETA by the application. */
export interface ProgressReporter {
  update(progress: ProgressUpdate): void;
  /** A line that stays: a stage's end, a warning. */
  message(text: string): void;
}
