import { open } from 'node:fs/promises';
import { CheckpointFormatError, messageOf } from '../errors';
import { readFully } from '../files/read-bytes';
import { duplicateKey } from '../safetensors/duplicate-key';

/**
 * The text of a file that is read whole.
 * @throws CheckpointFormatError when it is no plain file, cannot be read, is larger than `maxBytes` or
 *   no UTF-8.
 */
export async function readSmallFile(file: string, maxBytes: number): Promise<string> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw new CheckpointFormatError(file, `it cannot be opened (${messageOf(error)}).`);
  });
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new Error('it is no plain file');
    if (stats.size > maxBytes) throw new Error(`its ${stats.size} bytes are more than ${maxBytes}`);
    const bytes = new Uint8Array(stats.size);
    await readFully(handle, bytes, 0);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new CheckpointFormatError(file, `${messageOf(error)}.`);
  } finally {
    await handle.close();
  }
}

/** Parses a JSON object; throws a CheckpointFormatError on anything else and on keys given twice. */
export function parseJsonObject(file: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CheckpointFormatError(file, 'it is no valid JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CheckpointFormatError(file, 'it is no JSON object.');
  }
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined) {
    throw new CheckpointFormatError(file, `it has the key "${duplicate}" twice.`);
  }
  return value as Record<string, unknown>;
}
