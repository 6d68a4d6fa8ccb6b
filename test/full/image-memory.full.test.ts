import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const PROJECT = resolve(__dirname, '../..');

// A process of its own: what jest keeps of the tests before is none of the library's.
it('needs no more memory for 10,000 images than for 1,000', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      ...['-C', '@ar-distill/source'],
      ...['-r', join(PROJECT, 'tools/jest/register.js')],
      join(__dirname, 'draw-images.ts'),
    ],
    { cwd: PROJECT },
  );
  const [first, last]: [number, number] = JSON.parse(stdout);
  expect(first).toBeGreaterThan(10 * 2 ** 20);
  expect(last / first).toBeLessThanOrEqual(1.05);
});
