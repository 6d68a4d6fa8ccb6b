import type { Writable } from 'node:stream';
import { strayPluginError } from '@ar-distill/di';
import { describeError, EXIT } from './errors';

/**
 * What is thrown, or rejected, where nothing waits for it: of a plugin it is a warning, once, since commands
 * that do not need the plugin go on; anything else ends the process as a failed command does.
 */
export function watchStrayErrors(stderr: Writable, variables: NodeJS.ProcessEnv): void {
  const warned = new Set<string>();
  process.on('uncaughtException', (error: unknown) => {
    const warning = strayPluginError(error);
    if (warning === undefined) {
      stderr.write(`${describeError(error, variables['AR_DISTILL_DEBUG'] === '1')}\n`);
      process.exit(EXIT.failure);
    }
    if (warned.has(warning)) return;
    warned.add(warning);
    stderr.write(`Warning: ${warning}\n`);
  });
}
