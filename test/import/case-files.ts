import { readFileSync, writeFileSync } from 'node:fs';

/** An entry of the header of a safetensors file. */
interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** A safetensors file in its raw form, so that tests can write what our own writer would refuse. */
export interface RawFile {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly entries: Readonly<Record<string, Entry>>;
  readonly body: Buffer;
}

export function readRaw(file: string): RawFile {
  const bytes = readFileSync(file);
  const start = 8 + Number(bytes.readBigUInt64LE());
  const { __metadata__: metadata, ...entries } = JSON.parse(bytes.toString('utf8', 8, start)) as {
    readonly __metadata__?: Record<string, string>;
  } & Record<string, Entry>;
  return { ...(metadata ? { metadata } : {}), entries, body: bytes.subarray(start) };
}

export function writeRaw(file: string, { metadata, entries, body }: RawFile): void {
  const header = { ...(metadata ? { __metadata__: metadata } : {}), ...entries };
  writeFileSync(file, Buffer.concat([framed(JSON.stringify(header)), body]));
}

/** A header with its length before it. */
export function framed(header: string): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  return Buffer.concat([length, Buffer.from(header)]);
}

/** The tensors whose names pass, by other names, and nothing else of the file. */
export function pick(
  { entries, body }: RawFile,
  passes: (name: string) => boolean,
  rename: (name: string) => string = (name) => name,
): RawFile {
  const parts: Buffer[] = [];
  let offset = 0;
  const picked: [string, Entry][] = [];
  for (const [
    name,
    {
      data_offsets: [begin, end],
      ...entry
    },
  ] of Object.entries(entries)) {
    if (!passes(name)) continue;
    parts.push(body.subarray(begin, end));
    picked.push([rename(name), { ...entry, data_offsets: [offset, offset + end - begin] }]);
    offset += end - begin;
  }
  return { entries: Object.fromEntries(picked), body: Buffer.concat(parts) };
}

/** The file with other bits at the start of a tensor: `halves` are float16 values. */
export function withHalves(raw: RawFile, name: string, halves: readonly number[]): RawFile {
  const body = Buffer.from(raw.body);
  const { dtype, data_offsets: offsets } = raw.entries[name]!;
  if (dtype !== 'F16') throw new Error(`"${name}" is ${dtype}, not F16.`);
  halves.forEach((half, i) => body.writeUInt16LE(half, offsets[0] + 2 * i));
  return { ...raw, body };
}
