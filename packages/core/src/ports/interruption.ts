/** A long task was asked to stop (Ctrl-C); what a stage of training needs to go on is saved. */
export class TrainingInterruptedError extends Error {
  constructor(
    readonly stage: string,
    readonly iteration: number,
    readonly total: number,
    /** Whether the stage goes on from here when its run is resumed, or starts again. */
    isSaved = true,
  ) {
    super(
      `Interrupted after iteration ${iteration} of ${total} of the stage "${stage}"; ${isSaved ? 'it is saved' : 'it starts again when the run is resumed'}.`,
    );
    this.name = 'TrainingInterruptedError';
  }
}
