import type { Tree } from '../settings/merge';

/** Adaptation of `quick` runs: shows that it works, not what it can reach. */
export const QUICK_ADAPTATION: Tree = {
  sequences: 2560,
  heldOut: 500,
  regression: { iterations: 500 },
  fineTuning: { iterations: 30 },
};

/** Samples that the report of a `quick` run is measured with. */
export const QUICK_SAMPLES = 1000;
