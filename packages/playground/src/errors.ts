/** What was asked for cannot be played with: told by its name, and nothing was started. */
export class InvalidOptionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'InvalidOptionError';
  }
}
