/** Takes the parts of a pickle from its bytes; every read is checked against the end. */
export class PickleReader {
  readonly #view: DataView;
  readonly #text = new TextDecoder('utf-8', { fatal: true });
  #position = 0;

  constructor(private readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get position(): number {
    return this.#position;
  }

  uint8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** A length of eight bytes. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  /** Float64, the only big-endian number of the format. */
  float64(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  skip(length: number): void {
    this.#take(length);
  }

  utf8(length: number): string {
    const start = this.#take(length);
    try {
      return this.#text.decode(this.bytes.subarray(start, start + length));
    } catch {
      throw new Error(`the pickle has text at byte ${start} that is no UTF-8`);
    }
  }

  /** Text up to a line feed, which is swallowed. */
  line(): string {
    const end = this.bytes.indexOf(0x0a, this.#position);
    if (end < 0) throw new Error('the pickle ends in the middle of a name');
    const text = this.utf8(end - this.#position);
    this.skip(1);
    return text;
  }

  /** Two's complement integer of `length` little-endian bytes; a bigint where a number would round. */
  integer(length: number): number | bigint {
    const start = this.#take(length);
    // Byte by byte, the time would grow with the square of the length.
    const hex = Buffer.from(this.bytes.subarray(start, start + length))
      .reverse()
      .toString('hex');
    const signed = BigInt.asIntN(8 * length, BigInt(`0x0${hex}`));
    const rounded = Number(signed);
    return Number.isSafeInteger(rounded) ? rounded : signed;
  }

  #take(length: number): number {
    const start = this.#position;
    if (length > this.bytes.length - start) {
      throw new Error(`the pickle ends before byte ${start + length}`);
    }
    this.#position = start + length;
    return start;
  }
}
