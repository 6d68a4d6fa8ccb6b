import { isUtf8 } from 'node:buffer';
import { CheckpointFormatError, messageOf } from '../errors';
import { openPlainFile } from '../files/open-plain-file';
import { readFully } from '../files/read-bytes';
import { duplicateKey } from '../safetensors/duplicate-key';
import { checkJsonBounds } from '../safetensors/json-bounds';

/**
 * The text of a file that is read whole.
 * @throws CheckpointFormatError when it is no plain file, cannot be read, is larger than `maxBytes` or
 *   no UTF-8.
 */
export async function readSmallFile(file: string, maxBytes: number): Promise<string> {
  const handle = await openPlainFile(file);
  try {
    const stats = await handle.stat();
    if (stats.size > maxBytes) {
      throw new Error(`its ${stats.size} bytes are more than the ${maxBytes} that are read`);
    }
    const bytes = new Uint8Array(stats.size);
    await readFully(handle, bytes, 0);
    if (!isUtf8(bytes)) throw new Error('it is no UTF-8: take an undamaged copy of it');
    return new TextDecoder().decode(bytes);
  } catch (error) {
    throw new CheckpointFormatError(file, `${messageOf(error)}.`);
  } finally {
    await handle.close();
  }
}

/**
 * Parses a JSON object.
 * @throws CheckpointFormatError on anything else, on keys given twice, and on what is nested deeply or has
 *   very many entries.
 */
export function parseJsonObject(file: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    checkJsonBounds(text);
  } catch (error) {
    throw new CheckpointFormatError(file, `${messageOf(error)}, which is refused.`);
  }
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
