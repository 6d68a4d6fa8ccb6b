import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { distillationMemory, writeRandomModel } from '@ar-distill/bench';

const onLinux = process.platform === 'linux' ? it : it.skip;

onLinux(
  'a distillation of a 20M model takes no more memory than with a tuned malloc',
  async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'ar-distill-memory-test-'));
    try {
      await writeRandomModel(folder, 'medium');
      const tuned = await distillationMemory('medium', folder, {
        MALLOC_MMAP_THRESHOLD_: String(4 * 2 ** 20),
      });
      const untouched = await distillationMemory('medium', folder, {});
      // The networks, moments and averages are 800 MB: less was not a distillation of them.
      expect(tuned.bytes).toBeGreaterThan(0.8e9);
      expect(untouched.bytes).toBeLessThan(1.1 * tuned.bytes);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  600_000,
);
