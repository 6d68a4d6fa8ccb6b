/** Where a stage stands among those that follow each other. */
export interface StagePlace {
  /** From 1 to `of`. */
  readonly number: number;
  readonly of: number;
  /**
   * How much there is to compute in the stage, and in all that come after it, in one unit (see
   * `MethodStage.work`): with the pace of this stage it tells when everything will be done. Left out
   * where nobody knows.
   */
  readonly work?: { readonly own: number; readonly after: number };
}

/** One report of a long task. */
export interface ProgressUpdate {
  readonly stage: string;
  /** Iterations done, of `total`. */
  readonly done: number;
  readonly total: number;
  /** Figures worth seeing, smoothed by the caller if at all. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Left out of tasks that are no stage of anything. */
  readonly place?: StagePlace;
}

/** Shows how long work goes; bound to a terminal line with an ETA by the application. */
export interface ProgressReporter {
  update(progress: ProgressUpdate): void;
  /** A line that stays: a stage's end, a warning. */
  message(text: string): void;
}
