import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { UsageError } from './errors';

/** Folder of this package; this file is one level below it, built or not. */
const ROOT = join(__dirname, '..');
/** Name of the family in the template. */
const FAMILY = 'my-family';
/** Stands in the template's package.json for the version of this package. */
const VERSION = 'AR_DISTILL_VERSION';
/** npm leaves a file out that is called `.gitignore` already. */
const RENAMED: Readonly<Record<string, string>> = { gitignore: '.gitignore' };
/** What a plugin and its backbone may be called, as far as npm takes it behind the prefix. */
const NAME = /^[a-z][a-z0-9-]{0,99}$/;

interface Manifest {
  readonly version: string;
  /** Of plugins that come with AR-Distill: of two with one name it would use neither. */
  readonly takenNames: readonly string[];
}

/** What the package.json of this package says. */
export function ownManifest(): Manifest {
  const manifest: Manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return manifest;
}

/** The version of this package, and the least that a written plugin asks of AR-Distill's packages. */
export function ownVersion(): string {
  return ownManifest().version;
}

/** The npm package of the plugin `name`; also the name of the folder that it is written to. */
export function packageName(name: string): string {
  return `ar-distill-plugin-${name}`;
}

/**
 * The files of a new plugin: their texts by their paths, which have slashes.
 * @throws UsageError when the name is none for a plugin.
 */
export function pluginFiles(name: string): Record<string, string> {
  if (!NAME.test(name)) {
    throw new UsageError(
      `The name ${JSON.stringify(name)} must start with a lower-case letter and have up to 100 lower-case letters, digits and hyphens.`,
    );
  }
  const prefix = packageName('');
  if (name.startsWith(prefix)) {
    throw new UsageError(`The package gets "${prefix}" in front of its name: leave that out.`);
  }
  const { version, takenNames } = ownManifest();
  if (takenNames.includes(name)) {
    throw new UsageError(`AR-Distill has a plugin "${name}" itself: choose another name.`);
  }
  const template = join(ROOT, 'template');
  const files = readdirSync(template, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return Object.fromEntries(
    files.map((file) => {
      const path = relative(template, file).split(sep).join('/');
      const text = readFileSync(file, 'utf8');
      const filled = text.replaceAll(VERSION, version).replaceAll(FAMILY, name);
      return [RENAMED[path] ?? path, filled];
    }),
  );
}
