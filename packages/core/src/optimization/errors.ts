/** A figure or a part of the state became NaN or infinite: training cannot go on from here. */
export class TrainingDivergedError extends Error {
  constructor(
    readonly stage: string,
    readonly metric: string,
    readonly iteration: number,
    value: number,
  ) {
    super(
      `Training diverged, because "${metric}" became ${value} at iteration ${iteration} of the stage "${stage}": ` +
        'resume from the last checkpoint with a lower learning rate or a tighter gradient clip.',
    );
    this.name = 'TrainingDivergedError';
  }
}
