import type { InferenceSession } from 'onnxruntime-node';
import type { HostOptions } from './host';

/** What differs from session to session. */
export interface SessionVariant {
  /** Where the profile is written, if one is. */
  readonly profilePrefix?: string | undefined;
  /** Wait busily for the next operator (default true). */
  readonly spinning?: boolean;
  /** Give memory back after each operator instead of keeping it for the next run (default false). */
  readonly lean?: boolean;
}

/**
 * How long a thread waits busily for the next operator before it sleeps. Without any, an update of
 * `mnist-var` takes 1.2 times as long; with ONNX Runtime's milliseconds it takes 2.5 times as long beside
 * another busy process, since the waiting takes the processor from those who work.
 */
const SPIN_MICROSECONDS = 15;

/** Options of a session. */
export function sessionOptions(
  { provider, threads, flushDenormals }: HostOptions,
  { profilePrefix, spinning = true, lean = false }: SessionVariant,
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
    enableCpuMemArena: !lean,
    // Errors are thrown as well; what the library itself writes goes to the terminal, past everything.
    logSeverityLevel: 4,
    extra: {
      session: {
        // Adam's moments of weights without gradient decay into denormal numbers and stay there.
        set_denormal_as_zero: flushDenormals ? '1' : '0',
        intra_op: {
          allow_spinning: spinning ? '1' : '0',
          spin_duration_us: String(SPIN_MICROSECONDS),
        },
      },
    },
    ...(profilePrefix ? { enableProfiling: true, profileFilePrefix: profilePrefix } : {}),
  };
}
