import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PluginError } from './plugin-error';
import type { PluginPackage } from './plugin-package';

/** Packages that keep state or classes, so that everyone in the process has to use one copy. */
const SHARED = ['@ar-distill/core', '@tensorflow/tfjs'] as const;

/**
 * Checks that a plugin resolves the very copies of core and tfjs that this application uses: tensors
 * of a second tfjs belong to another engine. A plugin that cannot resolve one passes here (it does
 * not need it, or loading it will say so).
 *
 * @throws PluginError naming both copies and the mend.
 */
export function checkSharedInstances(plugin: PluginPackage, applicationFile = __filename): void {
  for (const name of SHARED) {
    const theirs = manifestSeenFrom(join(plugin.directory, 'package.json'), name);
    const ours = manifestSeenFrom(applicationFile, name);
    if (theirs && ours && theirs !== ours) {
      throw new PluginError(
        `The plugin "${plugin.packageName}" in ${plugin.directory} uses its own copy of ${name} ` +
          `(${theirs}) instead of this application's (${ours}): make ${name} a peer dependency of ` +
          'the plugin and install both in one project.',
      );
    }
  }
}

function manifestSeenFrom(file: string, packageName: string): string | undefined {
  try {
    return realpathSync(createRequire(file).resolve(`${packageName}/package.json`));
  } catch {
    return undefined;
  }
}
