import type { Preset } from '@ar-distill/core';
import type { WeightsSource } from './weights-source';

type Provenance = WeightsSource['provenance'];

/** What `decoding` says where vectors become codes. */
const OF_CODES = 'codes';

/** What the file of a preset's generator says of its vectors' decoding; nothing where they stay as they are. */
export function decodingProvenance({ snap = false }: Pick<Preset, 'snap'>): Provenance {
  return snap ? { decoding: OF_CODES } : {};
}

/**
 * Whether a generator's code vectors are to be replaced by their nearest codes, as its file says.
 * @throws Error when the file says what means nothing.
 */
export function isSnapped(file: string, { decoding }: Provenance): boolean {
  if (decoding === undefined || decoding === OF_CODES) return decoding === OF_CODES;
  throw new Error(
    `"${file}" is decoded of "${decoding}", which is unknown: install the current version, or make the generator again.`,
  );
}
