import type { PlannedRow } from '../plugin/distillation-method';

/** The row of the generator's network as it was before the method trained it, in one evaluation. */
export const BEFORE_DISTILLATION: PlannedRow = { name: 'one step before distillation' };
