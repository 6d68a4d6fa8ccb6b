// The unit of `MethodStage.work` here: a pass of one network over one sequence.

/** A pass forward. */
export const FORWARD = 1;
/** A pass forward and the way back, which costs twice as much. */
export const TRAINING = 3;
