import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { openRevision } from './revision';

jest.setTimeout(120_000);

let root: string;
let repository: string;
const { signal } = new AbortController();

async function write(file: string, text: string): Promise<void> {
  const full = path.join(repository, file);
  await mkdir(path.dirname(full), { recursive: true });
  await writeFile(full, text);
}

function git(...args: readonly string[]): string {
  const who = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org'];
  return execFileSync('git', [...who, ...args], { cwd: repository, encoding: 'utf8' }).trim();
}

function commit(): string {
  git('add', '--all');
  git('commit', '--quiet', '--message', 'Test');
  return git('rev-parse', 'HEAD');
}

const lockOf = (version: string): string =>
  JSON.stringify({
    packages: {
      '': {},
      'node_modules/mine': { resolved: 'packages/mine', link: true },
      'node_modules/other': { version, integrity: `sha512-${version}` },
      'node_modules/elsewhere': { version: '1.0.0', optional: true },
      'packages/mine': {},
    },
  });

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'same-bytes-test-'));
  repository = path.join(root, 'repository');
  await mkdir(repository);
  git('init', '--quiet');
  const build = 'node -e "fs.copyFileSync(process.argv[1],process.argv[2])" a.txt built.txt';
  await write('package.json', JSON.stringify({ scripts: { build } }));
  await write('package-lock.json', lockOf('1.0.0'));
  await write('.gitignore', 'node_modules\nbuilt.txt\n');
  await write('packages/mine/package.json', '{}');
  await write('node_modules/.package-lock.json', lockOf('1.0.0'));
  await write('node_modules/other/index.js', 'module.exports = 1;');
  await write('a.txt', 'first');
});
afterEach(() => rm(root, { recursive: true }));

describe('a commit', () => {
  it('is read and built in a worktree of its own, which goes away', async () => {
    const first = commit();
    await write('a.txt', 'second');
    commit();
    const revision = await openRevision(first.slice(0, 8), repository, signal);
    expect(revision.commit).toBe(first);
    expect(await revision.read('a.txt')).toBe('first');
    expect(await revision.read('b.txt')).toBeUndefined();
    const folder = await revision.checkout();
    expect(await revision.checkout()).toBe(folder);
    expect(await readFile(path.join(folder, 'built.txt'), 'utf8')).toBe('first');
    const file = 'node_modules/other/index.js';
    const inodes = [repository, folder].map(async (at) => (await stat(path.join(at, file))).ino);
    expect(new Set(await Promise.all(inodes)).size).toBe(1);
    expect(await readlink(path.join(folder, 'node_modules/mine'))).toBe(
      path.join('..', 'packages', 'mine'),
    );
    await revision.dispose();
    expect(existsSync(folder)).toBe(false);
    expect(git('worktree', 'list').split('\n')).toHaveLength(1);
  });

  it('must exist', async () => {
    commit();
    await expect(openRevision('nothing', repository, signal)).rejects.toThrow(
      'There is no commit "nothing": name one, or a folder like "." or "../other".',
    );
  });

  it('goes away when its build is interrupted', async () => {
    const ticks = path.join(root, 'ticks');
    const tick = `fs.appendFileSync(${JSON.stringify(ticks)}, '.')`;
    await write('wait.js', `const fs = require('node:fs'); setInterval(() => ${tick}, 10)`);
    await write('package.json', JSON.stringify({ scripts: { build: 'node wait.js' } }));
    const interrupt = new AbortController();
    const revision = await openRevision(commit(), repository, interrupt.signal);
    const building = revision.checkout();
    const ended = expect(building).rejects.toThrow('aborted');
    while (!existsSync(ticks)) await setTimeout(10);
    interrupt.abort();
    await ended;
    await revision.dispose();
    expect(git('worktree', 'list').split('\n')).toHaveLength(1);
    const { size } = await stat(ticks);
    await setTimeout(300);
    expect((await stat(ticks)).size).toBe(size);
  });
});

describe('a working tree', () => {
  it('is read as it is, built in place and left there', async () => {
    commit();
    await write('a.txt', 'changed');
    const revision = await openRevision(repository, repository, signal);
    expect(revision.commit).toBeUndefined();
    expect(await revision.read('a.txt')).toBe('changed');
    expect(await revision.read('b.txt')).toBeUndefined();
    expect(await revision.checkout()).toBe(repository);
    expect(await readFile(path.join(repository, 'built.txt'), 'utf8')).toBe('changed');
    await revision.dispose();
    expect(existsSync(repository)).toBe(true);
  });

  it('must be a checkout', async () => {
    await expect(openRevision(root, repository, signal)).rejects.toThrow(
      `"${root}" is no checkout: it holds no package.json.`,
    );
  });
});
