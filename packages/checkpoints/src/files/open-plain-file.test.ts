import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openCheckpoint } from '../open-checkpoint';
import { openSafetensors } from '../safetensors/safetensors-file';
import { readSmallFile } from '../model-directory/small-files';
import { openPlainFile } from './open-plain-file';

const folder = mkdtempSync(path.join(tmpdir(), 'plain-file-'));
const at = (name: string): string => path.join(folder, name);
beforeAll(() => {
  execFileSync('mkfifo', [at('pipe')]);
  mkdirSync(at('folder'));
  writeFileSync(at('file'), 'text');
  symlinkSync(at('file'), at('link'));
  symlinkSync(at('loop'), at('loop'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('opens a file, and one behind a link', async () => {
  for (const name of ['file', 'link']) {
    const handle = await openPlainFile(at(name));
    expect((await handle.readFile()).toString()).toBe('text');
    await handle.close();
  }
});

it('follows no link where it is told not to', async () => {
  const handle = await openPlainFile(at('file'), { followLinks: false });
  await handle.close();
  await expect(openPlainFile(at('link'), { followLinks: false })).rejects.toThrow(
    `"${at('link')}": it is a link where a file is needed: name a file.`,
  );
});

describe.each([
  ['openPlainFile', (file: string) => openPlainFile(file)],
  ['openSafetensors', openSafetensors],
  ['readSmallFile', (file: string) => readSmallFile(file, 100)],
])('%s', (_name, open) => {
  it.each([
    ['pipe', 'it is a pipe or a device where a file is needed: name a file.'],
    ['folder', 'it is a folder where a file is needed: name a file.'],
    ['nothing', 'there is no such file: name one that is there.'],
    ['file/below', 'there is no such file: name one that is there.'],
    ['loop', 'it is a link that leads to itself: name a file.'],
  ])('refuses a %s at once', async (name, sentence) => {
    await expect(open(at(name))).rejects.toThrow(`"${at(name)}": ${sentence}`);
  });
});

it('a checkpoint that is a pipe is not waited for', async () => {
  await expect(openCheckpoint(at('pipe'))).rejects.toThrow('it is a pipe or a device');
});
