/** The preset that commands work on when neither a name nor a model says which. */
export const DEFAULT_PRESET = 'mnist-var';
