import { existsSync } from 'node:fs';
import { copyFile, link, mkdir, readdir, readFile, readlink, symlink } from 'node:fs/promises';
import path from 'node:path';

const FOLDER = 'node_modules';
const LOCK = 'package-lock.json';
/** Where npm notes what is really there; the form is that of the lock file. */
const INSTALLED = path.join(FOLDER, '.package-lock.json');

/** What a lock file says of one folder. */
interface Entry {
  readonly version?: string;
  readonly integrity?: string;
  readonly optional?: boolean;
  /** A workspace: the folder is a link to `resolved`. */
  readonly link?: boolean;
  readonly resolved?: string;
}
type Entries = ReadonlyMap<string, Entry>;

/**
 * Fills the `node_modules` of a fresh checkout with hard links to those of another one, when that has
 * just the packages installed that the fresh one's lock file wants. Workspaces are linked to the fresh
 * checkout's own folders.
 * @returns whether it did; nothing is written otherwise.
 */
export async function linkNodeModules(from: string, to: string): Promise<boolean> {
  if (!existsSync(path.join(from, INSTALLED))) return false;
  const wanted = await entriesOf(path.join(to, LOCK));
  const installed = await entriesOf(path.join(from, INSTALLED));
  if (!agree(wanted, installed)) return false;
  const skipped = new Set([...installed].flatMap(([name, { link }]) => (link ? [name] : [])));
  const parents = new Set([...wanted.keys()].map((name) => name.slice(0, name.indexOf(FOLDER))));
  for (const parent of parents) {
    const folder = `${parent}${FOLDER}`;
    if (existsSync(path.join(from, folder))) await linkFolder(from, to, folder, skipped);
  }
  for (const [name, { link, resolved = '' }] of wanted) {
    if (!link) continue;
    const folder = path.join(to, path.dirname(name));
    await mkdir(folder, { recursive: true });
    const target = path.relative(folder, path.join(to, resolved));
    await symlink(target, path.join(to, name), 'dir');
  }
  return true;
}

/** What belongs into folders of packages, by its path in the checkout. */
async function entriesOf(lock: string): Promise<Entries> {
  const { packages } = JSON.parse(await readFile(lock, 'utf8')) as {
    packages: Record<string, Entry>;
  };
  return new Map(Object.entries(packages).filter(([name]) => name.includes(`${FOLDER}/`)));
}

/** Whether the packages that are not workspaces are the same. */
function agree(wanted: Entries, installed: Entries): boolean {
  for (const [name, entry] of installed) {
    if (!entry.link && !wanted.has(name)) return false;
  }
  for (const [name, { version, integrity, optional, link }] of wanted) {
    const found = installed.get(name);
    if (link) continue;
    // What another platform needs is optional and not there.
    if (!found && !optional) return false;
    if (found && (found.version !== version || found.integrity !== integrity)) return false;
  }
  return true;
}

async function linkFolder(
  from: string,
  to: string,
  folder: string,
  skipped: ReadonlySet<string>,
): Promise<void> {
  await mkdir(path.join(to, folder), { recursive: true });
  for (const entry of await readdir(path.join(from, folder), { withFileTypes: true })) {
    const name = `${folder}/${entry.name}`;
    if (skipped.has(name)) continue;
    const [source, target] = [path.join(from, name), path.join(to, name)];
    if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    // Tools keep what they have worked out in `.cache`: it belongs to the other checkout.
    else if (entry.isDirectory() && entry.name !== '.cache') {
      await linkFolder(from, to, name, skipped);
    } else if (entry.isFile()) await linkFile(source, target);
  }
}

async function linkFile(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await copyFile(from, to);
  }
}
