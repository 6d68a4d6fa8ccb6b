import { complaint, runProcess } from './child-process';

/** Loads the binding in a process of its own: one that crashes must not take the caller along. */
const SCRIPT = `const binding = require(process.argv[1]);
process.stdout.write(JSON.stringify([binding.TF_Version, binding.isUsingGpuDevice()]));`;

/**
 * Loads a binding that has just been compiled.
 * @throws Error when it does not load, or is linked to another version of TensorFlow.
 */
export async function tryBinding(
  addon: string,
  version: string,
  signal?: AbortSignal,
): Promise<void> {
  const result = await runProcess(process.execPath, ['-e', SCRIPT, addon], {
    signal,
    variables: { TF_CPP_MIN_LOG_LEVEL: '2', NODE_OPTIONS: '' },
  });
  if (result?.code === 0 && result.stdout.startsWith(`["${version}"`)) return;
  throw new Error(
    `The binding was built and does not load (${complaint(result, /^Error: /)}): look at what this machine lacks.`,
  );
}
