import type { InferenceSession } from 'onnxruntime-node';
import type { HostOptions } from './host';

/** Options of every session; `profilePrefix` is where the profile is written, if one is. */
export function sessionOptions(
  { provider, threads }: HostOptions,
  profilePrefix: string | undefined,
): InferenceSession.SessionOptions {
  return {
    // What the provider lacks runs on the CPU.
    executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Warnings about unused initializers and the like say nothing to the user of a step.
    logSeverityLevel: 3,
    extra: {
      session: {
        // Adam's moments of unused parameters decay into denormal numbers, which cost ~100 cycles.
        set_denormal_as_zero: '1',
      },
    },
    ...(profilePrefix ? { enableProfiling: true, profileFilePrefix: profilePrefix } : {}),
  };
}
