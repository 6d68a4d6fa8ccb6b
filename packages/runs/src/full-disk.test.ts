import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { whileWriting } from './system-errors';

const WORKSPACE = path.join(__dirname, '../../..');
const UNSHARE = ['--mount', 'sh', '-c'];
const mountTiny = (folder: string, size: string): string =>
  `mount -t tmpfs -o size=${size} tmpfs '${folder}'`;
const canMount =
  process.platform === 'linux' &&
  spawnSync('unshare', [...UNSHARE, mountTiny(tmpdir(), '4k')]).status === 0;

const root = mkdtempSync(path.join(tmpdir(), 'full-disk-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Runs TypeScript in a process whose folder `DISK` is a disk of that size; what it printed. */
function onSmallDisk(size: string, source: string): string {
  const disk = mkdtempSync(path.join(root, 'disk-'));
  const script = path.join(root, 'script.ts');
  writeFileSync(
    script,
    source
      .replaceAll('SOURCE', __dirname)
      .replaceAll('WORKSPACE', WORKSPACE)
      .replaceAll('DISK', disk),
  );
  const hook = path.join(WORKSPACE, 'tools/jest/register.js');
  const command = `${mountTiny(disk, size)} && exec '${process.execPath}' -C @ar-distill/source -r '${hook}' '${script}'`;
  const { stdout, stderr } = spawnSync('unshare', [...UNSHARE, command], {
    cwd: WORKSPACE,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout.replaceAll(disk, 'DISK');
}

(canMount ? describe : describe.skip)('a disk that fills up', () => {
  it('while a run is written: the file is named, and nothing unfinished stays', () => {
    const printed = onSmallDisk(
      '1m',
      `
      import { readdirSync } from 'node:fs';
      import { createRun } from 'SOURCE/run-directory';
      import { tensorSource } from 'WORKSPACE/packages/program/src';
      async function main() {
        const run = await createRun('DISK/runs', 'a', {});
        const tensors = { x: { shape: [500000], dtype: 'float32', data: new Float32Array(500000) } };
        const checkpoint = { stage: 's', iteration: 1, cursor: {}, tensors: tensorSource(tensors) };
        for (const write of [
          () => run.saveArrays('pool', tensors),
          () => run.saveCheckpoint(checkpoint),
          () => run.writeFile('report.md', Buffer.alloc(2000000)),
        ]) {
          await write().catch((error) => console.log(error.message));
        }
        await run.close();
        console.log(readdirSync('DISK', { recursive: true }).sort().join());
      }
      main();`,
    );
    const sentence = (file: string): string =>
      `"DISK/runs/00000-a/${file}" cannot be written (ENOSPC): no space is left on its device, so free some and go on.\n`;
    expect(printed).toBe(
      sentence('arrays/pool.safetensors') +
        sentence('checkpoint.safetensors') +
        sentence('report.md') +
        'runs,runs/00000-a,runs/00000-a/arrays,runs/00000-a/config.json,runs/00000-a/log.jsonl\n',
    );
  });

  it('before a run is made: no folder stays', () => {
    const printed = onSmallDisk(
      '64k',
      `
      import { readdirSync, writeFileSync } from 'node:fs';
      import { createRun } from 'SOURCE/run-directory';
      try { writeFileSync('DISK/filling', Buffer.alloc(2 ** 20)); } catch {}
      createRun('DISK/runs', 'a', { text: 'x'.repeat(2 ** 16) })
        .catch((error) => console.log(error.message))
        .then(() => console.log(readdirSync('DISK', { recursive: true }).join()));`,
    );
    expect(printed).toMatch(/^"DISK\/runs\/00000-a\/config\.json" cannot be written \(ENOSPC\): /);
    expect(printed).toMatch(/\.\nfilling\n$/);
  });
});

it('a system error becomes a sentence, anything else stays what it is', () => {
  const refused = Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' });
  expect(whileWriting('/a/b', refused)).toMatchObject({
    message:
      '"/a/b" cannot be written (EROFS): its device can only be read, so name another folder.',
    cause: refused,
  });
  const other = new RangeError('x');
  expect(whileWriting('/a/b', other)).toBe(other);
});
