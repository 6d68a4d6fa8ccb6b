/** A figure or a part of the state became NaN or infinite: training cannot go on from here. */
export class TrainingDivergedError extends Error {
  constructor(
    readonly stage: string,
    readonly metric: string,
    readonly iteration: number,
    value: number,
  ) {
    super(
      `Training diverged: "${metric}" became ${value} at iteration ${iteration} of the stage "${stage}". ` +
        'Resume from the last checkpoint with a lower learning rate or a tighter gradient clip.',
    );
    this.name = 'TrainingDivergedError';
  }
}

/** Training was asked to stop (Ctrl-C); everything needed to go on is saved. */
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
