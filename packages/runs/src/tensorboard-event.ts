/**
 * What TensorBoard reads: records of TensorFlow's format for them (`tensorflow/core/lib/io/record_writer.h`:
 * length, its checksum, data, their checksum) that hold an `Event` of `tensorflow/core/util/event.proto`.
 */

/** Field and wire type of what is written, as protocol buffers put them together. */
const EVENT = { wallTime: 0x09, step: 0x10, fileVersion: 0x1a, summary: 0x2a, sessionLog: 0x3a };
const SUMMARY_VALUE = 0x0a;
const VALUE = { tag: 0x0a, simpleValue: 0x15 };
/** A `SessionLog` with status START. */
const SESSION_START = Uint8Array.of(0x08, 0x01);

/** What an event says beside when it was written. */
export type TensorBoardEvent =
  /** Begins every file. */
  | { readonly kind: 'version' }
  /** Everything from `step` on that is in files before this one counts no more. */
  | { readonly kind: 'start'; readonly step: number }
  /** Values by their tags. */
  | {
      readonly kind: 'scalars';
      readonly step: number;
      readonly values: Readonly<Record<string, number>>;
    };

/** One record with an event. `seconds`: when it was written, since 1970. */
export function formatEvent(event: TensorBoardEvent, seconds: number): Buffer {
  const time = Buffer.alloc(9);
  time.writeUInt8(EVENT.wallTime);
  time.writeDoubleLE(seconds, 1);
  return record(Buffer.concat([time, ...fieldsOf(event)]));
}

function fieldsOf(event: TensorBoardEvent): Uint8Array[] {
  switch (event.kind) {
    case 'version':
      return [bytesField(EVENT.fileVersion, Buffer.from('brain.Event:2'))];
    case 'start':
      return [...stepField(event.step), bytesField(EVENT.sessionLog, SESSION_START)];
    case 'scalars': {
      const values = Object.entries(event.values).map(([tag, value]) =>
        bytesField(SUMMARY_VALUE, scalarValue(tag, value)),
      );
      return [...stepField(event.step), bytesField(EVENT.summary, Buffer.concat(values))];
    }
  }
}

function stepField(step: number): Uint8Array[] {
  return [Uint8Array.of(EVENT.step), varint(step)];
}

function scalarValue(tag: string, value: number): Uint8Array {
  const simple = Buffer.alloc(5);
  simple.writeUInt8(VALUE.simpleValue);
  simple.writeFloatLE(value, 1);
  return Buffer.concat([bytesField(VALUE.tag, Buffer.from(tag)), simple]);
}

function bytesField(field: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(field), varint(bytes.length), bytes]);
}

/** Seven bits a byte, the lowest first; a high bit says that more follow. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Uint8Array.of(...bytes, rest);
}

function record(data: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, checksum(length), data, checksum(data)]);
}

/** CRC-32C, masked because checksums of what holds checksums are weak. */
function checksum(bytes: Uint8Array): Buffer {
  const crc = crc32c(bytes);
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  const written = Buffer.alloc(4);
  written.writeUInt32LE(masked);
  return written;
}

/** Castagnoli's polynomial, its bits reversed. */
const POLYNOMIAL = 0x82f63b78;
const CRC_OF_BYTE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_OF_BYTE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
