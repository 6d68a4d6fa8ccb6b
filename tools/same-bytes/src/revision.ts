import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runCommand, type CommandOptions } from './child-process';
import type { SourceTree } from './dialect';
import { linkNodeModules } from './node-modules';

/** One side of the comparison: a commit, or a working tree as it is. */
export interface Revision extends SourceTree {
  /** What the user called it. */
  readonly name: string;
  /** The commit; undefined for a working tree, whose files may change at any time. */
  readonly commit: string | undefined;
  /** Folder with the revision installed and built; made at the first call. */
  checkout(): Promise<string>;
  /** Removes what `checkout` has made. */
  dispose(): Promise<void>;
}

/**
 * A revision by its name: a folder when it starts with `.` or is absolute, else anything that git
 * knows as a commit of `repository`.
 * @throws Error when there is no such commit or folder.
 */
export async function openRevision(
  name: string,
  repository: string,
  signal: AbortSignal,
): Promise<Revision> {
  if (name.startsWith('.') || path.isAbsolute(name)) {
    return openWorkingTree(name, path.resolve(name), signal);
  }
  const at = { cwd: repository, signal };
  const commit = await git(at, 'rev-parse', '--verify', '--quiet', `${name}^{commit}`).catch(() => {
    signal.throwIfAborted();
    throw new Error(`There is no commit "${name}": name one, or a folder like "." or "../other".`);
  });
  return new Commit(name, commit, at);
}

class Commit implements Revision {
  private folder: string | undefined;

  constructor(
    readonly name: string,
    readonly commit: string,
    private readonly repository: CommandOptions,
  ) {}

  async read(file: string): Promise<string | undefined> {
    const listed = await git(this.repository, 'ls-tree', '--name-only', this.commit, '--', file);
    return listed === '' ? undefined : git(this.repository, 'show', `${this.commit}:${file}`);
  }

  async checkout(): Promise<string> {
    if (this.folder !== undefined) return this.folder;
    // Kept first, so that what an interrupt leaves half made is removed as well.
    this.folder = await mkdtemp(path.join(tmpdir(), 'ar-distill-revision-'));
    await git(this.repository, 'worktree', 'add', '--detach', '--force', this.folder, this.commit);
    await this.install(this.folder);
    await build(this.folder, this.repository.signal);
    return this.folder;
  }

  async dispose(): Promise<void> {
    if (this.folder === undefined) return;
    await rm(this.folder, { recursive: true, force: true });
    // The signal may be aborted already, and what git noted of the folder has to go all the same.
    const { signal } = new AbortController();
    await git({ ...this.repository, signal }, 'worktree', 'prune');
  }

  private async install(folder: string): Promise<void> {
    const { signal } = this.repository;
    const listed = await git(this.repository, 'worktree', 'list', '--porcelain');
    const others = [...listed.matchAll(/^worktree (.+)$/gm)].map(([, other = '']) => other);
    for (const other of others) {
      signal.throwIfAborted();
      if (await linkNodeModules(other, folder)) return;
    }
    await runCommand('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, signal });
  }
}

function openWorkingTree(name: string, folder: string, signal: AbortSignal): Revision {
  if (!existsSync(path.join(folder, 'package.json'))) {
    throw new Error(`"${name}" is no checkout: it holds no package.json.`);
  }
  let built = false;
  return {
    name,
    commit: undefined,
    read: async (file) => {
      const full = path.join(folder, file);
      return existsSync(full) ? readFile(full, 'utf8') : undefined;
    },
    checkout: async () => {
      if (!built) await build(folder, signal);
      built = true;
      return folder;
    },
    dispose: async () => undefined,
  };
}

async function build(cwd: string, signal: AbortSignal): Promise<void> {
  await runCommand('npm', ['run', 'build'], { cwd, signal });
}

async function git(options: CommandOptions, ...args: readonly string[]): Promise<string> {
  return (await runCommand('git', args, options)).trimEnd();
}
