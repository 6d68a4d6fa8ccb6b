import { float32 } from '@ar-distill/program';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { temporaryPath } from '@ar-distill/checkpoints';
import { PoolFolder } from './pool-folder';

const PART = { sequences: float32([2, 1, 1], Float32Array.of(1, 2)) };

let root = '';
let folder = '';
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'pool-folder-'));
  folder = path.join(root, 'cache', 'key');
});
afterEach(() => rmSync(root, { recursive: true }));

const file = () => path.join(folder, 'pool-from-0.safetensors');

async function filled(): Promise<PoolFolder> {
  const cache = new PoolFolder(folder);
  await cache.alone(() => cache.saveArrays('pool-from-0', PART));
  return cache;
}

it('is made when something is saved, and is read without a lock', async () => {
  const cache = new PoolFolder(folder);
  await cache.check();
  expect(await cache.loadArrays('pool-from-0')).toBeUndefined();
  expect(existsSync(folder)).toBe(false);
  await cache.alone(async () => {
    await cache.saveArrays('pool-from-0', PART);
    expect(await new PoolFolder(folder).loadArrays('pool-from-0')).toEqual(PART);
  });
  expect(readdirSync(folder)).toEqual(['pool-from-0.safetensors']);
});

it('names a damaged part and the mend', async () => {
  await filled();
  const bytes = readFileSync(file());
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(file(), bytes);
  const sentence = `"${file()}" is damaged, as its checksum shows: delete it, and its sequences are drawn anew.`;
  await expect(new PoolFolder(folder).check()).rejects.toThrow(sentence);
  await expect(new PoolFolder(folder).loadArrays('pool-from-0')).rejects.toThrow(sentence);
  rmSync(file());
  await new PoolFolder(folder).check();
});

it('is written by one at a time: the other waits, says for whom, and reads what was saved', async () => {
  const first = new PoolFolder(folder);
  const sentences: string[] = [];
  const second = new PoolFolder(folder, { onWait: (sentence) => sentences.push(sentence) });
  const order: string[] = [];
  let waiting: Promise<void> | undefined;
  await first.alone(async () => {
    waiting = second.alone(async () => {
      order.push('second');
      expect(await second.loadArrays('pool-from-0')).toEqual(PART);
    });
    while (sentences.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await first.saveArrays('pool-from-0', PART);
    order.push('first');
  });
  await waiting;
  expect(order).toEqual(['first', 'second']);
  expect(sentences).toEqual([
    expect.stringMatching(/^The pool cache ".*" is in use by process \d+.*: wait for it, or stop it first\.$/),
  ]);
});

it('stops waiting when it is told to', async () => {
  const first = new PoolFolder(folder);
  const stop = new AbortController();
  const reason = new Error('stopped');
  const second = new PoolFolder(folder, {
    signal: stop.signal,
    onWait: () => stop.abort(reason),
  });
  await first.alone(() =>
    expect(second.alone(() => Promise.resolve())).rejects.toBe(reason),
  );
});

it('is not saved to by who does not have it alone, or has it no more', async () => {
  const cache = await filled();
  await expect(cache.saveArrays('pool-from-2', PART)).rejects.toThrow('is not locked');
  await cache.alone(async () => {
    rmSync(path.join(folder, 'lock'));
    await expect(cache.saveArrays('pool-from-2', PART)).rejects.toThrow(
      `The lock of the pool cache "${folder}" is gone, so that nothing more is written: resume the run.`,
    );
  });
});

it('forgets what a killed process left half written', async () => {
  await filled();
  writeFileSync(temporaryPath(file()), 'half');
  const cache = new PoolFolder(folder);
  await cache.check();
  await cache.alone(() => Promise.resolve());
  expect(readdirSync(folder)).toEqual(['pool-from-0.safetensors']);
});
