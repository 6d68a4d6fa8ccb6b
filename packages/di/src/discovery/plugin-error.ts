/** A plugin cannot be used; the message is one sentence that names it and the mend. */
export class PluginError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PluginError';
  }
}
