import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TensorflowVariant } from './sources';

/** Variable that names the folder of the builds. */
export const FOLDER_VARIABLE = 'AR_DISTILL_TENSORFLOW';

/**
 * The user's folder that TensorFlow is built into and loaded from: `$AR_DISTILL_TENSORFLOW`, or
 * `ar-distill/tensorflow` where programs keep their data (`$XDG_DATA_HOME`, `~/.local/share`).
 */
export function tensorflowFolder(
  variables: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const named = variables[FOLDER_VARIABLE];
  if (named) return resolve(named);
  const data = variables['XDG_DATA_HOME'] || join(homeFolder(), '.local', 'share');
  return join(data, 'ar-distill', 'tensorflow');
}

/** A user whom the system does not know has no home: containers call `/` theirs. */
function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return '/';
  }
}

/** Where things are in a build, relative to its folder. */
export const LAYOUT = {
  record: 'build.json',
  /** Where Node looks for the packages that the binding's scripts require. */
  modules: 'node_modules',
  /** Inside of the binding's package, as its own build has it. */
  libraries: 'deps/lib',
  cuda: 'deps/nvidia',
  addon: 'lib/napi-v8/tfjs_binding.node',
} as const;

/** Folder of the build of a variant. */
export function buildFolder(folder: string, variant: TensorflowVariant): string {
  return join(folder, variant);
}
