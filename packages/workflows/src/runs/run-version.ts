import { isTree, type Tree } from '../settings/merge';

/** Version of the layout of a run's `config.json`. */
export const RUN_VERSION = 2;

/** Networks that were a path alone in version 1, which did not say its version. */
const FILES = ['teacher', 'tokenizer', 'stage1'] as const;

/** The version that a config says, from 1 on; undefined when it is none. */
function versionOf(config: Tree): number | undefined {
  const { version = 1 } = config;
  return Number.isSafeInteger(version) && Number(version) > 0 ? Number(version) : undefined;
}

/** Whether a config is one of an older layout, which is written anew when the run goes on. */
export function isOlderConfig(config: unknown): boolean {
  return isTree(config) && (versionOf(config) ?? RUN_VERSION) < RUN_VERSION;
}

/**
 * A config in today's layout; what is no config at all is left to its schema.
 * @throws Error with a sentence when a newer version wrote it.
 */
export function migrateRunConfig(config: unknown, folder: string): unknown {
  if (!isTree(config)) return config;
  const version = versionOf(config);
  if (version === undefined || version === RUN_VERSION) return config;
  if (version !== 1) {
    throw new Error(
      `The run "${folder}" has a config of version ${version}, and this AR-Distill knows versions up to ${RUN_VERSION}: update it.`,
    );
  }
  const files = FILES.flatMap((name) => {
    const path = config[name];
    return typeof path === 'string' ? [[name, { path }] as const] : [];
  });
  return { ...config, ...Object.fromEntries(files), version: RUN_VERSION };
}
