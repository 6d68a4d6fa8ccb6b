import { messageOf } from '../errors';
import { elementSize, ELEMENT_TYPES, isElementType, type ElementType } from '../element-types';
import { duplicateKey } from './duplicate-key';
import { checkJsonBounds } from './json-bounds';

/** Where one array lies in a safetensors file. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** First byte, counted from the end of the header. */
  readonly start: number;
  /** The byte after the last one. */
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly entries: readonly SafetensorsEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Largest header that is read or written: a tensor takes about 120 bytes of it. */
export const MAX_HEADER_BYTES = 32 * 2 ** 20;
/** More characters than the name of any tensor. */
const MAX_NAME_LENGTH = 1024;
/** A tensor is an object with lists, in an object. */
const MAX_DEPTH = 3;
/** Keys, items and brackets of about 100,000 tensors. */
const MAX_ITEMS = 2_000_000;

/**
 * Checks a header against the rules of the format: every array lies inside the `dataBytes` bytes after
 * the header, in a range that fits its shape, and the ranges cover them without gap or overlap.
 * Its nesting and its number of entries are bounded before it is parsed.
 * @throws Error with a sentence that names the array.
 */
export function parseSafetensorsHeader(text: string, dataBytes: number): SafetensorsHeader {
  let parsed: unknown;
  try {
    checkJsonBounds(text, { depth: MAX_DEPTH, items: MAX_ITEMS });
  } catch (error) {
    throw new Error(`the safetensors header is not one: ${messageOf(error)}`);
  }
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error('the safetensors header is not valid JSON: take an undamaged copy of it');
  }
  if (!isRecord(parsed)) throw new Error('the safetensors header is no JSON object');
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined) {
    throw new Error(`the safetensors header has the key "${duplicate}" twice`);
  }
  const { __metadata__: metadata = {}, ...arrays } = parsed;
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === 'string')) {
    throw new Error('the metadata of the safetensors header must be strings');
  }
  const entries = Object.entries(arrays).map(([name, value]) => parseEntry(name, value, dataBytes));
  checkCoverage(entries, dataBytes);
  return {
    entries,
    metadata: Object.fromEntries(
      Object.entries(metadata).map(([key, value]) => [key, String(value)]),
    ),
  };
}

function parseEntry(name: string, value: unknown, dataBytes: number): SafetensorsEntry {
  const fail = (problem: string): never => {
    throw new Error(`the tensor "${name}" ${problem}`);
  };
  if (name.length > MAX_NAME_LENGTH) {
    throw new Error(
      `the tensor "${name.slice(0, 40)}…" has a name of ${name.length} characters, more than ${MAX_NAME_LENGTH}: rename it`,
    );
  }
  if (!isRecord(value)) return fail('is described by something else than an object');
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !isElementType(dtype)) {
    return fail(
      `has ${typeof dtype === 'string' ? `the element type "${dtype}"` : 'no element type'}; ${ELEMENT_TYPES.join(', ')} are read`,
    );
  }
  if (!isCounts(shape)) return fail('has a shape that is no list of whole numbers');
  if (!isCounts(offsets) || offsets.length !== 2) {
    return fail('has offsets that are no two whole numbers');
  }
  const [start, end] = offsets as readonly [number, number];
  if (start > end || end > dataBytes) {
    return fail(
      `lies at bytes ${start} to ${end}, outside the ${dataBytes} bytes of the file: take an undamaged copy of it`,
    );
  }
  // An empty axis makes the product 0 whatever the others are; without one it only grows.
  const bytes = shape.includes(0)
    ? 0
    : shape.reduce((product, size) => product * size, elementSize(dtype));
  if (bytes !== end - start) {
    return fail(
      `has ${end - start} bytes where its shape [${shape.join(', ')}] and type ${dtype} need ${bytes}`,
    );
  }
  return { name, type: dtype, shape, start, end };
}

function checkCoverage(entries: readonly SafetensorsEntry[], dataBytes: number): void {
  const ordered = entries.toSorted((a, b) => a.start - b.start || a.end - b.end);
  let covered = 0;
  for (const { name, start, end } of ordered) {
    if (start < covered) {
      throw new Error(`the tensor "${name}" overlaps another one at byte ${start}`);
    }
    if (start > covered) {
      throw new Error(
        `bytes ${covered} to ${start}, before the tensor "${name}", belong to nothing`,
      );
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    throw new Error(`the last ${dataBytes - covered} bytes of the file belong to no tensor`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}
