import { builtinModules } from 'node:module';
import { importableSpecifiers, type WorkspacePackage } from './packages';
import { bannedPackages, readRooms, type Room } from './rooms';

/** One constraint of `@nx/enforce-module-boundaries`; the tags come from `tools/workspace/nx-plugin.js`. */
interface DependencyConstraint {
  readonly sourceTag: string;
  readonly onlyDependOnLibsWithTags: readonly string[];
  readonly bannedExternalImports?: readonly string[];
}

interface ImportPattern {
  readonly regex: string;
  readonly message: string;
}

/** Who may import whom, for `@nx/enforce-module-boundaries`. */
export function dependencyConstraints(): DependencyConstraint[] {
  const rooms = readRooms();
  const constraint = (sourceTag: string, room: Room, folder?: string) => ({
    sourceTag,
    onlyDependOnLibsWithTags: room.mayImport.map((name) => `package:${name}`),
    bannedExternalImports: [...bannedPackages(rooms, folder), ...(room.portable ? ['node:*'] : [])],
  });
  return [
    ...Object.entries(rooms.packages).map(([folder, room]) =>
      constraint(`package:${folder}`, room, folder),
    ),
    constraint('kind:plugin', rooms.plugins),
    { sourceTag: 'kind:tool', onlyDependOnLibsWithTags: ['*'] },
  ];
}

/** Refuses imports of these packages by another name than their `exports` give. */
export function deepImportPattern(all: readonly WorkspacePackage[]): ImportPattern {
  const names = all.map(({ manifest }) => manifest.name);
  const permitted = all.flatMap(importableSpecifiers);
  return {
    regex: `^(?!(${permitted.map(escape).join('|')})$)(${names.map(escape).join('|')})(/|$)`,
    message: "A package is imported through the entries in its package.json's exports.",
  };
}

/** Refuses the modules of Node. */
export function nodeModulePattern(): ImportPattern {
  return {
    regex: `^(node:|(${builtinModules.map(escape).join('|')})(/|$))`,
    message: 'This package runs on any platform: take what the platform gives as a port.',
  };
}

/** Globals that Node has and a browser has not. */
export const NODE_GLOBALS = [
  'process',
  'Buffer',
  'global',
  'require',
  'module',
  'exports',
  '__dirname',
  '__filename',
  'setImmediate',
  'clearImmediate',
];

/** Globs of the sources that have to run on any platform. */
export function portableSources(): string[] {
  return Object.entries(readRooms().packages)
    .filter(([, { portable }]) => portable)
    .map(([folder]) => `packages/${folder}/src/**/*.ts`);
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
