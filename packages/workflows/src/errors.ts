/** Where an option comes from, for errors about it. */
export interface InvalidOptionDetails extends ErrorOptions {
  /**
   * Names of options that the message has in quotation marks: a command line writes them as its users
   * do ("weights" becomes --weights).
   */
  readonly options?: readonly string[];
}

/** An option that a workflow was given is wrong; the message names it and the mend. */
export class InvalidOptionError extends Error {
  readonly options: readonly string[];

  constructor(message: string, { options = [], ...details }: InvalidOptionDetails = {}) {
    super(message, details);
    this.name = 'InvalidOptionError';
    this.options = options;
  }
}

/** A setting that is wrong or not known. */
export class InvalidSettingError extends InvalidOptionError {
  /**
   * `path`: its keys from the outside in. `explain`: the sentence about it, with where it came from
   * (" in run.yaml", with a space before it) behind its name.
   */
  constructor(
    readonly path: readonly string[],
    readonly explain: (source: string) => string,
  ) {
    super(explain(''));
  }
}
