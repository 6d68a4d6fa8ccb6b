/** A long task was asked to stop (Ctrl-C); what a stage of training needs to go on is saved. */
export class TrainingInterruptedError extends Error {
  constructor(
    readonly stage: string,
    readonly iteration: number,
    readonly total: number,
  ) {
    super(
      `Interrupted after iteration ${iteration} of ${total} of the stage "${stage}"; it is saved.`,
    );
    this.name = 'TrainingInterruptedError';
  }
}
