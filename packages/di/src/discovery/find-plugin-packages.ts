import { lstatSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { globalPackages } from './global-packages';
import { installedFolder, realDirectory } from './installed-folder';
import { readManifest, type DependencyField, type Manifest } from './manifest';
import { PluginError } from './plugin-error';
import { isPluginPackageName, type PluginPackage, type PluginProblem } from './plugin-package';

/** Where plugins may come from; nothing else is looked at. */
export interface PluginPlaces {
  /** The nearest package.json from here upwards names plugins in its dependencies of all kinds. */
  readonly cwd: string;
  /**
   * Folder of the package that offers the command: plugins among its own dependencies, and those that
   * are installed globally: beside it when it is itself, else in npm's folder for that.
   */
  readonly application?: string | undefined;
  /** Folders that are plugins, or hold some in their `node_modules`; these come first. */
  readonly pluginFolders?: readonly string[] | undefined;
}

/** What was found, not loaded yet. */
export interface FoundPackages {
  readonly packages: readonly PluginPackage[];
  readonly problems: readonly PluginProblem[];
}

const APPLICATION_FIELDS = ['dependencies', 'optionalDependencies'] as const;
const PROJECT_FIELDS = ['dependencies', 'devDependencies', 'optionalDependencies'] as const;

/**
 * The plugin packages of the given places: what somebody asked for by name, never what merely lies in
 * a `node_modules` folder above. Links (workspaces, `npm link`) are followed. A package that is
 * installed in several places is taken from the first: a given folder, the project, the command's own
 * dependencies, what is global.
 */
export function findPluginPackages(places: PluginPlaces): FoundPackages {
  const found: PluginPackage[] = [];
  const problems: PluginProblem[] = [];
  const look = (place: () => (PluginPackage | PluginProblem)[]): void => {
    for (const item of attempt(place)) {
      if ('message' in item) problems.push(item);
      else if (!found.some((other) => isSame(other, item))) found.push(item);
    }
  };
  for (const folder of places.pluginFolders ?? []) {
    look(() => inGivenFolder(folder));
  }
  const project = nearestProject(places.cwd);
  if (project !== undefined)
    look(() =>
      declaredIn(project, PROJECT_FIELDS, () => 'run "npm install --ignore-scripts" there'),
    );
  const application = places.application && realDirectory(places.application);
  if (application) {
    // It was installed by somebody else's package.json, or globally.
    look(() =>
      declaredIn(application, APPLICATION_FIELDS, ({ name }) => `install ${name ?? 'it'} again`),
    );
    const global = besideGlobal(application) ?? globalPackages();
    if (global !== undefined) look(() => allIn(global));
  }
  return { packages: found, problems };
}

/** By its name, or a folder that is reached under two. */
function isSame(a: PluginPackage, b: PluginPackage): boolean {
  return a.packageName === b.packageName || a.directory === b.directory;
}

function attempt<T>(place: () => (T | PluginProblem)[]): (T | PluginProblem)[] {
  try {
    return place();
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    return [{ message: error.message }];
  }
}

/** The folder of the nearest package.json. */
function nearestProject(cwd: string): string | undefined {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    if (exists(join(folder, 'package.json'))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

/** Plugins that the package.json of a folder names, wherever Node finds them from there. */
function declaredIn(
  folder: string,
  fields: readonly DependencyField[],
  mend: (manifest: Manifest) => string,
): (PluginPackage | PluginProblem)[] {
  const file = join(folder, 'package.json');
  const manifest = readManifest(file);
  const names = new Set(fields.flatMap((field) => manifest.namesIn(field)));
  return [...names]
    .filter(isPluginPackageName)
    .sort()
    .flatMap((name): (PluginPackage | PluginProblem)[] => {
      const installed = installedFor(folder, name);
      return installed ? [installed] : missing(file, manifest, name, mend(manifest));
    });
}

function installedFor(start: string, packageName: string): PluginPackage | undefined {
  const found = installedFolder(start, packageName);
  return found && pluginIn(found.nodeModules, packageName, found.directory);
}

/** Only what is needed at run time must be there. */
function missing(
  file: string,
  manifest: Manifest,
  packageName: string,
  mend: string,
): PluginProblem[] {
  const isOptional = manifest.namesIn('optionalDependencies').includes(packageName);
  if (isOptional || !manifest.namesIn('dependencies').includes(packageName)) return [];
  return [
    {
      packageName,
      message: `The plugin "${packageName}" that "${file}" names is not installed: ${mend}.`,
    },
  ];
}

/**
 * The `node_modules` that `npm install --global` put the command into: packages lie in it side by side,
 * and it belongs to no project.
 */
function besideGlobal(application: string): string | undefined {
  const parent = dirname(application);
  const nodeModules = basename(parent).startsWith('@') ? dirname(parent) : parent;
  const isGlobal =
    basename(nodeModules) === 'node_modules' && !exists(join(dirname(nodeModules), 'package.json'));
  return isGlobal ? nodeModules : undefined;
}

/** A folder that somebody named: that there is nothing in it is no silent matter. */
function inGivenFolder(folder: string): (PluginPackage | PluginProblem)[] {
  const found = [...itself(folder), ...allIn(join(resolve(folder), 'node_modules'))];
  if (found.length > 0) return found;
  return [
    {
      message: `The folder "${folder}" holds no plugin: its package.json must be called "ar-distill-plugin-<name>" or "@<scope>/ar-distill-plugin-<name>", or its node_modules must hold one.`,
    },
  ];
}

/** A folder that is a plugin, by the name in its package.json; none when it has no such name. */
export function itself(folder: string): PluginPackage[] {
  const directory = realDirectory(folder);
  const file = directory === undefined ? undefined : join(directory, 'package.json');
  if (directory === undefined || file === undefined || !exists(file)) return [];
  const { name, hasExports } = readManifest(file);
  if (name === undefined || !isPluginPackageName(name)) return [];
  // A package finds itself by its name when it has an exports map.
  const request = hasExports ? name : directory;
  return [{ packageName: name, directory, requiredFrom: file, request }];
}

function allIn(nodeModules: string): PluginPackage[] {
  return entriesOf(nodeModules)
    .flatMap((entry) =>
      entry.startsWith('@')
        ? entriesOf(join(nodeModules, entry)).map((name) => `${entry}/${name}`)
        : [entry],
    )
    .filter(isPluginPackageName)
    .sort()
    .flatMap((packageName) => {
      const directory = realDirectory(join(nodeModules, packageName));
      return directory === undefined ? [] : pluginIn(nodeModules, packageName, directory);
    });
}

function pluginIn(nodeModules: string, packageName: string, directory: string): PluginPackage {
  // By name from beside the node_modules, so that the exports map of the package counts.
  const requiredFrom = join(dirname(nodeModules), 'package.json');
  return { packageName, directory, requiredFrom, request: packageName };
}

/** Names in a folder; none when it does not exist or may not be read. */
function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
