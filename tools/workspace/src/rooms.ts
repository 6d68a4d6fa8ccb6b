import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './root';

/** What one package is for and what its sources may import. */
export interface Room {
  /** What the package does, as the end of "This package: …". */
  readonly sentence: string;
  /** Folders of `packages/` whose packages it may import. */
  readonly mayImport: readonly string[];
  /** Whether it has to run where there is no Node: no built-in modules, no globals of Node. */
  readonly portable?: boolean;
}

/** The one table of which package may import what. */
export interface Rooms {
  /** By folder of `packages/`, bottom up: a package only imports packages that stand above it here. */
  readonly packages: Readonly<Record<string, Room>>;
  /** Every folder of `plugins/`. */
  readonly plugins: Room;
  /** Packages from npm that belong to some packages alone: name → folders of `packages/`. */
  readonly reserved: Readonly<Record<string, readonly string[]>>;
}

/**
 * Reads `tools/workspace/rooms.json`.
 *
 * @throws Error when a package imports itself, one that stands below it, or one that has no row.
 */
export function readRooms(): Rooms {
  const rooms: Rooms = JSON.parse(readFileSync(join(ROOT, 'tools/workspace/rooms.json'), 'utf8'));
  checkRooms(rooms);
  return rooms;
}

/** @throws Error naming the first row that does not fit to the rows above it. */
export function checkRooms({ packages, plugins, reserved }: Rooms): void {
  const above = new Set<string>();
  const check = (row: string, names: readonly string[]) => {
    const wrong = names.find((name) => !above.has(name));
    if (wrong !== undefined) {
      throw new Error(
        `The row "${row}" of rooms.json names "${wrong}", which is no row above it: list the ` +
          'packages bottom up, each under all that it may import.',
      );
    }
  };
  for (const [name, { mayImport }] of Object.entries(packages)) {
    check(name, mayImport);
    above.add(name);
  }
  check('plugins', plugins.mayImport);
  for (const [name, owners] of Object.entries(reserved)) check(name, owners);
}

/** Packages from npm that the package in `folder` of `packages/` (undefined: a plugin) must not import. */
export function bannedPackages({ reserved }: Rooms, folder: string | undefined): string[] {
  return Object.entries(reserved)
    .filter(([, owners]) => folder === undefined || !owners.includes(folder))
    .map(([name]) => name);
}
