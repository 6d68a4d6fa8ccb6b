import type { MetricRecord } from '@ar-distill/core';
import { appendFileSync, existsSync } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { whileWriting } from './system-errors';

const LINE_FEED = 0x0a;

/** JSON objects, one per line, that can be cut back to an earlier length. */
export class MetricsLog {
  constructor(private readonly file: string) {}

  /** Appends one line. */
  append(record: MetricRecord): void {
    try {
      appendFileSync(this.file, `${JSON.stringify(record)}\n`);
    } catch (error) {
      throw whileWriting(this.file, error);
    }
  }

  /** All records; a last line that a crash cut short is left out. */
  async read(): Promise<MetricRecord[]> {
    if (!existsSync(this.file)) return [];
    const lines = (await readFile(this.file, 'utf8')).split('\n').slice(0, -1);
    return lines.map((line, i) => {
      try {
        return JSON.parse(line) as MetricRecord;
      } catch (cause) {
        throw new Error(`Line ${i + 1} of "${this.file}" is damaged: delete it.`, { cause });
      }
    });
  }

  /** Length in bytes. */
  async length(): Promise<number> {
    return existsSync(this.file) ? (await stat(this.file)).size : 0;
  }

  /** Forgets everything after the first `bytes` bytes, and a line that has no end before them. */
  async truncate(bytes: number): Promise<void> {
    if (!existsSync(this.file)) return;
    const handle = await open(this.file, 'r+');
    try {
      const kept = (await handle.readFile()).subarray(0, bytes);
      await handle.truncate(kept.lastIndexOf(LINE_FEED) + 1);
    } finally {
      await handle.close();
    }
  }
}
