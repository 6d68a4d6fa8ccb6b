import { releaseBuffer } from './release-buffer';

it('frees at once what was given', () => {
  const resident = (): number => process.memoryUsage().rss;
  const before = resident();
  const kept: Float32Array[] = [];
  for (let i = 0; i < 20; i++) {
    const array = new Float32Array(2 ** 24).fill(1);
    releaseBuffer(array);
    kept.push(array);
  }
  expect(kept.every(({ length }) => length === 0)).toBe(true);
  // 1.25 GiB went through.
  expect(resident() - before).toBeLessThan(2 ** 28);
});

it('leaves shared memory alone', () => {
  const shared = new Float32Array(new SharedArrayBuffer(16));
  releaseBuffer(shared);
  expect(shared).toHaveLength(4);
});
