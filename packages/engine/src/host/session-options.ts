import type { InferenceSession } from 'onnxruntime-node';
import type { HostOptions } from './host';

/** Options of every session; `profilePrefix` is where the profile is written, if one is. */
export function sessionOptions(
  { provider, threads, flushDenormals }: HostOptions,
  profilePrefix: string | undefined,
): InferenceSession.SessionOptions {
  return {
    // What the provider lacks runs on the CPU.
    executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // One block for all values of a step makes training up to 5% faster, but it is allocated beside
    // what the first step used: 1650 instead of 1000 MiB for a transformer of 6M parameters.
    enableMemPattern: false,
    // Warnings about unused initializers and the like say nothing to the user of a step.
    logSeverityLevel: 3,
    extra: {
      session: {
        // Adam's moments of weights without gradient decay into denormal numbers and stay there.
        set_denormal_as_zero: flushDenormals ? '1' : '0',
        // Busy waiting wins 2% on an idle machine, and costs half of the speed on one that is not.
        intra_op: { allow_spinning: '0' },
      },
    },
    ...(profilePrefix ? { enableProfiling: true, profileFilePrefix: profilePrefix } : {}),
  };
}
