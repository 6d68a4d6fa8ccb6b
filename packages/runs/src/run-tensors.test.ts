import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSafetensors, verifySafetensors, writeSafetensors } from '@ar-distill/checkpoints';
import { float32, int32, tensorSource } from '@ar-distill/program';
import { createRun, openRun } from './run-directory';
import { RunTensors } from './run-tensors';

const TENSORS = {
  weight: float32([2], Float32Array.of(1, 2)),
  step: int32([], Int32Array.of(7)),
};
const METADATA = { stage: 'gts', iteration: '2', cursor: '{"seconds":1.5}', metricsBytes: '0' };

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'run-tensors-'));
  file = path.join(folder, 'x.safetensors');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The file with one bit turned after the other: every third, so that each byte has its turn. */
function* withBitsTurned(): Generator<number> {
  const sound = readFileSync(file);
  for (let bit = 0; bit < 8 * sound.length; bit += 3) {
    const bytes = Uint8Array.from(sound);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    writeFileSync(file, bytes);
    yield bit;
  }
  writeFileSync(file, sound);
}

it('states the SHA-256 of the file with zeros in its place', async () => {
  await new RunTensors().write(file, TENSORS, METADATA);
  const { tensors, metadata } = await readSafetensors(file);
  expect(tensors).toEqual(TENSORS);
  const { sha256, ...others } = metadata;
  expect(others).toEqual(METADATA);
  const zeroed = readFileSync(file, 'latin1').replace(sha256!, '0'.repeat(64));
  expect(createHash('sha256').update(zeroed, 'latin1').digest('hex')).toBe(sha256);
});

it.each([
  ['arrays', {}, []],
  ['a checkpoint', METADATA, Object.keys(METADATA)],
])('refuses %s with a bit turned anywhere, and names the file', async (_what, metadata, keys) => {
  await new RunTensors().write(file, TENSORS, metadata);
  const survivors: number[] = [];
  for (const bit of withBitsTurned()) {
    const opened = new RunTensors().open(file, keys);
    const error: unknown = await opened.then(() => survivors.push(bit)).catch((thrown) => thrown);
    if (typeof error === 'number') continue;
    expect(error).toMatchObject({
      message: `"${file}" is damaged, as its checksum shows: delete it and resume the run, which makes it again.`,
    });
  }
  expect(survivors).toEqual([]);
  expect((await new RunTensors().open(file, keys))!.tensors.specs).toHaveProperty('weight');
}, 60_000);

it('takes files of older versions, which have no checksum', async () => {
  await writeSafetensors(file, TENSORS);
  expect(await verifySafetensors(file)).toBe(false);
  expect(await new RunTensors().read(file)).toEqual(TENSORS);
  expect(await new RunTensors().read(path.join(folder, 'none'))).toBeUndefined();
});

it('compares a run once, and not what the process itself has written', async () => {
  const run = await createRun(folder, 'a', {});
  await run.saveArrays('pool', TENSORS);
  await run.saveCheckpoint({
    stage: 'gts',
    iteration: 1,
    cursor: {},
    tensors: tensorSource(TENSORS),
  });
  await run.close();
  const turned = (name: string): void => {
    const bytes = readFileSync(path.join(run.path, name));
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(path.join(run.path, name), bytes);
  };
  turned('checkpoint.safetensors');
  turned('arrays/pool.safetensors');
  const opened = await openRun(run.path);
  await expect(opened.loadCheckpoint()).rejects.toThrow('checkpoint.safetensors" is damaged');
  await expect(opened.loadArrays('pool')).rejects.toThrow('pool.safetensors" is damaged');
  await opened.saveArrays('pool', TENSORS);
  expect(await opened.loadArrays('pool')).toEqual(TENSORS);
  await opened.close();
});
