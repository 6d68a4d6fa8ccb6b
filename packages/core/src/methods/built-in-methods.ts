import type { DistillationMethod } from '../plugin/distillation-method';
import { csd } from './csd/csd';
import { dd1 } from './dd1/dd1';

/** The methods that every application has. */
export const BUILT_IN_METHODS: readonly DistillationMethod[] = [csd, dd1];
