import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { checkRoom, makeStaging, moveIntoPlace } from './staging';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ar-distill-staging-'));
});
afterEach(() => rmSync(root, { recursive: true }));

it('removes what killed processes have left, and nothing else', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '0']);
  const dead = `.building-${pid}-abc`;
  const mine = `.building-${process.pid}-abc`;
  for (const name of [dead, mine, 'cpu', '.other']) mkdirSync(join(root, name));
  const staging = await makeStaging(root);
  expect(existsSync(staging)).toBe(true);
  expect(readdirSync(root).sort()).toEqual(
    [mine, 'cpu', '.other', staging.slice(root.length + 1)].sort(),
  );
});

it('makes the folder of the builds', async () => {
  expect(existsSync(await makeStaging(join(root, 'new', 'folder')))).toBe(true);
});

it('puts a build in the place of an old one', async () => {
  const place = join(root, 'cpu');
  for (const text of ['first', 'second']) {
    const staging = await makeStaging(root);
    writeFileSync(join(staging, 'text'), text);
    await moveIntoPlace(staging, place);
    expect(readFileSync(join(place, 'text'), 'utf8')).toBe(text);
  }
  expect(readdirSync(root)).toEqual(['cpu']);
});

it('leaves an old build where it is when the new one cannot be moved', async () => {
  const place = join(root, 'cpu');
  mkdirSync(place);
  await expect(moveIntoPlace(join(root, 'gone'), place)).rejects.toThrow('ENOENT');
  expect(readdirSync(root)).toEqual(['cpu']);
});

it('compares the room with what is needed', async () => {
  await expect(checkRoom(root, 1)).resolves.toBeUndefined();
  await expect(checkRoom(root, 2 ** 60)).rejects.toThrow(
    /^The disk of \S+ has \d+\.\d GiB free where the build takes 1073741824\.0 GiB: free some, or set AR_DISTILL_TENSORFLOW to a folder on another disk\.$/,
  );
});
