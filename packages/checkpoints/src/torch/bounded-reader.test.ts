import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BoundedReader } from './bounded-reader';

const folder = mkdtempSync(path.join(tmpdir(), 'bounded-reader-'));
const file = path.join(folder, 'bytes');
const content = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 31 + (i >> 8)) % 256));
beforeAll(() => writeFileSync(file, content));
afterAll(() => rmSync(folder, { recursive: true }));

async function withReader(
  work: (
    read: (position: number, length: number) => Promise<Buffer>,
    reads: jest.SpyInstance,
  ) => Promise<void>,
): Promise<void> {
  const handle = await open(file);
  try {
    const reader = new BoundedReader(handle, content.length);
    const read = (position: number, length: number): Promise<Buffer> =>
      new Promise((resolve, reject) => {
        const target = Buffer.alloc(length + 2);
        reader.read(target, 1, length, position, (error) =>
          error ? reject(error) : resolve(target.subarray(1, length + 1)),
        );
      });
    await work(read, jest.spyOn(handle, 'read'));
  } finally {
    await handle.close();
  }
}

it('takes thousands of small pieces from a few large ones', async () => {
  await withReader(async (read, reads) => {
    for (let position = 5; position + 46 <= content.length; position += 46) {
      const piece = await read(position, 46);
      expect(piece.equals(content.subarray(position, position + 46))).toBe(true);
    }
    expect(reads.mock.calls.length).toBeLessThan(10);
  });
});

it('reads what lies anywhere, as long as it lies in the file', async () => {
  await withReader(async (read) => {
    const places = [
      [0, 30],
      [30, 10],
      [25, 10],
      [150_000, 50_000],
      [199_990, 10],
      [40, 70_000],
      [66_000, 3],
    ] as const;
    for (const [position, length] of places) {
      const piece = await read(position, length);
      expect(piece.equals(content.subarray(position, position + length))).toBe(true);
    }
    for (const position of [199_991, -1, 2 ** 60]) {
      await expect(read(position, 10)).rejects.toThrow('points outside of the file');
    }
  });
});
