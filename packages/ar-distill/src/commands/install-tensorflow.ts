import { resolve } from 'node:path';
import { installTensorflow } from '@ar-distill/engine';
import { onInterrupt } from '@ar-distill/runs';
import type { DoctorOptions } from '../config/schemas';
import { InterruptedError, UsageError } from '../errors';
import type { CliEnvironment } from './environment';

/**
 * Builds TensorFlow for the backend `tensorflow`, when the doctor was asked to, and says what it does.
 * @throws UsageError when `--from` stands without what it is for.
 */
export async function installAskedTensorflow(
  env: CliEnvironment,
  { installTensorflow: variant, from }: DoctorOptions,
): Promise<void> {
  if (variant === undefined) {
    if (from === undefined) return;
    throw new UsageError('--from says where --install-tensorflow takes TensorFlow: give both.');
  }
  const interrupt = onInterrupt(
    () => void env.stderr.write('\nStopping; press Ctrl-C again to stop at once.\n'),
  );
  try {
    const { folder, version, isNew } = await installTensorflow({
      variant,
      ...(from === undefined ? {} : { from: resolve(env.cwd, from) }),
      signal: interrupt.signal,
      onProgress: (activity) => void env.stdout.write(`TensorFlow: ${activity}\n`),
    });
    const state = isNew ? 'built' : 'there already, and whole';
    env.stdout.write(`TensorFlow ${version} for the ${variant} is ${state}: ${folder}\n`);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    throw new InterruptedError('Interrupted: no TensorFlow was installed.', { cause: error });
  } finally {
    interrupt.dispose();
  }
}
