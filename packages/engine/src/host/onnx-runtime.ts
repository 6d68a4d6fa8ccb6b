import { createRequire } from 'node:module';
import type * as OnnxRuntime from 'onnxruntime-node';

type Loaded = { readonly runtime: typeof OnnxRuntime } | { readonly error: unknown };

// Since 1.30 ONNX Runtime reports its use to its makers from Linux, unless this is set before its first session.
process.env['ORT_DISABLE_TELEMETRY'] ??= '1';

// Loaded with this module all the same: a library that only worker threads have loaded goes with them.
const loaded = load(() => createRequire(__filename)('onnxruntime-node'));

function load(requireIt: () => typeof OnnxRuntime): Loaded {
  try {
    return { runtime: requireIt() };
  } catch (error) {
    return { error };
  }
}

/**
 * ONNX Runtime.
 * @throws Error when its library is missing for this platform, or does not load on this system.
 */
export function onnxRuntime(): typeof OnnxRuntime {
  if ('error' in loaded) throw notLoaded(loaded.error);
  return loaded.runtime;
}

/** What is to be said when it does not load, by what was thrown. */
export function notLoaded(
  error: unknown,
  { platform, arch }: Pick<NodeJS.Process, 'platform' | 'arch'> = process,
): Error {
  const message = error instanceof Error ? error.message : String(error);
  const reason = message
    .split('\n', 1)
    .join()
    .replace(/[.\s]+$/, '');
  return new Error(
    `onnxruntime-node cannot be loaded on ${platform} ${arch} (${reason}): install it again, on Linux with the GNU C library or Windows (x64, arm64) or macOS (arm64), or use the backend "cpu".`,
    { cause: error },
  );
}
