/** Kernels that only fusion makes; no tfjs kernel has these names. */
export type FusedKernelName = 'Gelu';
