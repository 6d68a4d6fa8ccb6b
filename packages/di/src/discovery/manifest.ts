import { readFileSync, statSync } from 'node:fs';
import { PluginError } from './plugin-error';

/** Far more than a package.json has. */
const MAX_BYTES = 2 ** 20;

/** Fields of a package.json that list other packages. */
export type DependencyField =
  'dependencies' | 'devDependencies' | 'optionalDependencies' | 'peerDependencies';

/** What is used of a package.json. */
export interface Manifest {
  readonly name?: string;
  readonly version?: string;
  /** `module` or `commonjs`. */
  readonly type?: string;
  readonly hasExports: boolean;
  /** Names of the packages that a field lists. */
  namesIn(field: DependencyField): string[];
  /** The versions of a package that a field allows, as they are written there; undefined for none. */
  rangeIn(field: DependencyField, packageName: string): string | undefined;
}

/**
 * Reads a package.json.
 * @throws PluginError with a sentence that names the file.
 */
export function readManifest(file: string): Manifest {
  const value = parse(file);
  if (!isRecord(value)) {
    throw new PluginError(`"${file}" is no JSON object: mend it, or remove it.`);
  }
  const { name, version, type, exports } = value;
  return {
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof version === 'string' ? { version } : {}),
    ...(typeof type === 'string' ? { type } : {}),
    hasExports: exports !== undefined && exports !== null,
    namesIn: (field) => (isRecord(value[field]) ? Object.keys(value[field]) : []),
    rangeIn: (field, packageName) => {
      const listed = value[field];
      const range = isRecord(listed) && Object.hasOwn(listed, packageName) && listed[packageName];
      return typeof range === 'string' ? range : undefined;
    },
  };
}

function parse(file: string): unknown {
  try {
    const stats = statSync(file);
    if (!stats.isFile()) throw new Error('it is no plain file');
    if (stats.size > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new PluginError(
      `"${file}" cannot be read (${firstLine(error)}): mend it, or remove it.`,
      { cause: error },
    );
  }
}

/** The first line of what was thrown, without its full stop. */
export function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split('\n')[0] ?? '').replace(/[.\s]+$/, '');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
