import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { distillationMemory } from './distillation-memory';
import { writeMediumModel } from './medium-model';

const VARIABLE = 'MALLOC_MMAP_THRESHOLD_';
const MEBIBYTE = 2 ** 20;

/** Measures the distillation of the 20M model without and with the variable of malloc. */
async function main(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ar-distill-memory-'));
  try {
    const files = await writeMediumModel(folder);
    const without = await distillationMemory(files, folder, {});
    const with_ = await distillationMemory(files, folder, { [VARIABLE]: String(4 * MEBIBYTE) });
    for (const [name, { bytes, seconds }] of [
      ['without the variable', without],
      ['with it', with_],
    ] as const) {
      console.log(`${name}: ${(bytes / MEBIBYTE).toFixed(0)} MiB, ${seconds.toFixed(0)} s`);
    }
    const memory = without.bytes / with_.bytes;
    const time = without.seconds / with_.seconds;
    console.log(
      `memory ${memory.toFixed(2)}× (at most 1.1×), time ${time.toFixed(2)}× (at most 1.2×)`,
    );
    process.exitCode = memory <= 1.1 && time <= 1.2 ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
