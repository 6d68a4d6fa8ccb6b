import type { FileDigest } from './checksums';

/** Files of a distribution of PyPI, by their paths in it. */
export type WheelRecord = ReadonlyMap<string, FileDigest>;

const LINE = /^("(?:[^"]|"")+"|[^",]+),sha256=([\w-]{43})=?,(\d+)$/;

/**
 * The files that a distribution's RECORD lists with their checksums. What it lists without (RECORD
 * itself, compiled Python) is left out, and so is what would lie outside of the distribution.
 */
export function parseRecord(text: string): WheelRecord {
  const files = new Map<string, FileDigest>();
  for (const line of text.split(/\r?\n/)) {
    const [, quoted, digest, bytes] = LINE.exec(line) ?? [];
    if (quoted === undefined || digest === undefined) continue;
    const path = quoted.startsWith('"') ? quoted.slice(1, -1).replaceAll('""', '"') : quoted;
    if (path.startsWith('/') || path.split('/').includes('..')) continue;
    const sha256 = Buffer.from(digest, 'base64url').toString('hex');
    files.set(path, { sha256, bytes: Number(bytes) });
  }
  return files;
}

/** A distribution's name as its files have it. */
export function normalized(distribution: string): string {
  return distribution.toLowerCase().replace(/[-_.]+/g, '_');
}
