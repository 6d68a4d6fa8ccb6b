import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atomicWriteFile, isTemporaryFile, writeNewFile } from './atomic-write';

describe('files that are written whole', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'atomic-write-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('writes bytes and pieces, and makes missing folders', async () => {
    const file = join(folder, 'a', 'b', 'file');
    await atomicWriteFile(file, Buffer.from('at once'));
    expect(await readFile(file, 'utf8')).toBe('at once');
    async function* pieces(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('piece ');
      yield new Uint8Array();
      yield Buffer.from('by piece');
    }
    await atomicWriteFile(file, pieces());
    expect(await readFile(file, 'utf8')).toBe('piece by piece');
    expect(await readdir(join(folder, 'a', 'b'))).toEqual(['file']);
  });

  it('keeps the old file and leaves nothing behind when the new one cannot be finished', async () => {
    const file = join(folder, 'file');
    await writeFile(file, 'old');
    const names: string[] = [];
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half of the n');
      names.push(...(await readdir(folder)));
      throw new Error('disk on fire');
    }
    await expect(atomicWriteFile(file, failing())).rejects.toThrow('disk on fire');
    expect(await readFile(file, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['file']);
    expect(names.filter(isTemporaryFile)).toHaveLength(1);
    expect(isTemporaryFile('file')).toBe(false);
  });

  it('names the file when the disk is full', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half');
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC', syscall: 'write' });
    }
    const file = join(folder, 'file');
    await expect(atomicWriteFile(file, failing())).rejects.toMatchObject({ path: file });
  });

  it('names the file, not the unfinished one beside it', async () => {
    const file = join(folder, 'n'.repeat(255));
    await expect(atomicWriteFile(file, Buffer.from('x'))).rejects.toMatchObject({ path: file });
  });

  it('lets two writers of one file both succeed, one after the other', async () => {
    const file = join(folder, 'file');
    const contents = ['x'.repeat(100_000), 'y'.repeat(100_000)];
    await Promise.all(contents.map((content) => atomicWriteFile(file, Buffer.from(content))));
    expect(contents).toContain(await readFile(file, 'utf8'));
    expect(await readdir(folder)).toEqual(['file']);
  });

  it('makes a new file once, whoever else makes it', async () => {
    const file = join(folder, 'a', 'file');
    const contents = ['x'.repeat(100_000), 'y'.repeat(100_000)];
    const made = await Promise.allSettled(
      contents.map((content) => writeNewFile(file, Buffer.from(content))),
    );
    const won = made.findIndex(({ status }) => status === 'fulfilled');
    expect(made[1 - won]).toMatchObject({ reason: { code: 'EEXIST', path: file } });
    expect(await readFile(file, 'utf8')).toBe(contents[won]);
    expect(await readdir(join(folder, 'a'))).toEqual(['file']);
  });
});
