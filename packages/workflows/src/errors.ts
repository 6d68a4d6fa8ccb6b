/** An option that a workflow was given is wrong; the message names it and the mend. */
export class InvalidOptionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'InvalidOptionError';
  }
}
