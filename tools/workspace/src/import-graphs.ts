import { relative } from 'node:path';
import type { Graph } from './circles';
import type { WorkspacePackage } from './packages';
import { ROOT } from './root';
import {
  importsOf,
  isRelative,
  isTestFile,
  packageNameOf,
  resolveRelative,
  sourceFiles,
} from './sources';

const shippedFiles = ({ directory }: WorkspacePackage): string[] =>
  sourceFiles(directory).filter((file) => !isTestFile(file));

/** Which file of a package imports which other one, tests left out; a type alone counts as well. */
export function fileGraph(from: WorkspacePackage): Graph {
  return new Map(
    shippedFiles(from).map((file) => [
      relative(ROOT, file),
      importsOf(file)
        .filter(({ specifier }) => isRelative(specifier))
        .flatMap((found) => resolveRelative(found) ?? [])
        .map((target) => relative(ROOT, target)),
    ]),
  );
}

/** Which package needs which other one, by the imports of its sources and by its manifest. */
export function packageGraph(all: readonly WorkspacePackage[]): Graph {
  const names = new Set(all.map(({ manifest }) => manifest.name));
  return new Map(
    all.map((from) => {
      const { name, dependencies, peerDependencies, optionalDependencies } = from.manifest;
      const imported = shippedFiles(from)
        .flatMap(importsOf)
        .filter(({ specifier }) => !isRelative(specifier))
        .map(({ specifier }) => packageNameOf(specifier));
      const declared = Object.keys({
        ...dependencies,
        ...peerDependencies,
        ...optionalDependencies,
      });
      return [name, [...new Set([...imported, ...declared])].filter((target) => names.has(target))];
    }),
  );
}
