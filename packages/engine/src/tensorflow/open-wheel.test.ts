import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { MADE_UP, unpackWheel, writeWheel } from '../../test-support/wheels';
import { openWheel } from './open-wheel';

const LIBRARY = 'tensorflow/libtensorflow_cc.so.2';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ar-distill-wheel-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it.each([
  ['a wheel', () => writeWheel(folder)],
  ['a folder with a wheel', () => join(writeWheel(folder), '..')],
  ['a folder with what pip unpacked', () => (unpackWheel(folder), folder)],
])('reads %s', async (_, make) => {
  const wheel = await openWheel(make(), { distribution: 'tensorflow-cpu' });
  expect(wheel).toMatchObject({
    distribution: 'tensorflow_cpu',
    version: '2.21.0',
    tags: [MADE_UP.tag],
    requirements: ['numpy>=1.26.0'],
  });
  expect([...wheel.record.keys()]).toEqual(Object.keys(MADE_UP.files));
  expect(wheel.record.get(LIBRARY)).toEqual({
    bytes: 11,
    sha256: createHash('sha256').update('the library').digest('hex'),
  });
  expect(await text(await wheel.open(LIBRARY))).toBe('the library');
  wheel.close();
});

it('compares a wheel that it knows by name with the checksum that it knows', async () => {
  const path = writeWheel(folder);
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  (await openWheel(path, { distribution: 'tensorflow-cpu' }, { [basename(path)]: sha256 })).close();
  await expect(
    openWheel(path, { distribution: 'tensorflow-cpu' }, { [basename(path)]: '00' }),
  ).rejects.toThrow(`The checksum of ${path} is not that of PyPI's file: download it again.`);
});

it.each([
  ['an older version', { version: '2.9.1' }],
  ['a newer version', { version: '2.22.0' }],
  ['another platform', { tag: 'cp312-cp312-win_amd64' }],
])('takes what fits from a folder that has a wheel of %s as well', async (_, changes) => {
  const path = writeWheel(folder);
  writeWheel(folder, { ...MADE_UP, ...changes });
  const wheel = await openWheel(folder, { distribution: 'tensorflow-cpu', version: '2.21.0' });
  wheel.close();
  expect(wheel.place).toBe(path);
});

it('takes what pip unpacked from a folder that has a wheel of another version as well', async () => {
  unpackWheel(folder);
  writeWheel(folder, { ...MADE_UP, version: '2.9.1' });
  const wheel = await openWheel(folder, { distribution: 'tensorflow-cpu', version: '2.21.0' });
  expect(wheel).toMatchObject({ place: folder, version: '2.21.0' });
});

it('says what a place lacks', async () => {
  const missing = join(folder, 'no.whl');
  await expect(openWheel(missing, { distribution: 'tensorflow-cpu' })).rejects.toThrow(
    `There is no wheel or folder ${missing}: name one that has tensorflow-cpu.`,
  );
  writeWheel(folder);
  await expect(openWheel(folder, { distribution: 'tensorflow' })).rejects.toThrow(
    `The folder ${folder} has neither a wheel nor an unpacked distribution of tensorflow: download`,
  );
});

it.each([
  ['an empty file', new Uint8Array(0)],
  ['half a wheel', undefined],
  ['something else', Buffer.from('<html>proxy</html>'.repeat(100))],
])('refuses %s in one sentence', async (_, bytes) => {
  const path = writeWheel(folder);
  const whole = readFileSync(path);
  writeFileSync(path, bytes ?? whole.subarray(0, whole.length / 2));
  await expect(openWheel(path, { distribution: 'tensorflow-cpu' })).rejects.toThrow(
    /^\S+ cannot be read as a wheel \([^\n]*[^.]\): download it again\.$/,
  );
});

it('refuses a distribution whose metadata are not there', async () => {
  mkdirSync(join(folder, 'tensorflow_cpu-2.21.0.dist-info'));
  await expect(openWheel(folder, { distribution: 'tensorflow-cpu' })).rejects.toThrow(
    'cannot be read as a wheel',
  );
});
