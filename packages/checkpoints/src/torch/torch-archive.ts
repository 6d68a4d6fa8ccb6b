import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import { fromRandomAccessReaderPromise, type Entry, type ZipFile } from 'yauzl';
import { messageOf } from '../errors';
import { openPlainFile } from '../files/open-plain-file';
import { readFully, readPieces } from '../files/read-bytes';
import { BoundedReader } from './bounded-reader';

const inflate = promisify(inflateRaw);

/** More entries than any checkpoint has; a zip directory is held in memory. */
const MAX_ENTRIES = 50_000;
/** More bytes than the names of so many entries have together, with what a zip directory says beside them. */
const MAX_DIRECTORY_BYTES = 8 * 2 ** 20;
/** More bytes than the pickle of any state dict has (VAR-d30's: under 1 MB). */
const MAX_PICKLE_BYTES = 64 * 2 ** 20;

/** The zip archive that `torch.save` writes: `<name>/data.pkl` and one `<name>/data/<key>` per storage. */
export class TorchArchive {
  /** Entries whose checksum was found right. */
  readonly #verified = new Set<Entry>();
  /** The compressed entry that was read last: views of one storage come in a row. */
  #inflated: { readonly entry: Entry; readonly bytes: Uint8Array } | undefined;

  private constructor(
    private readonly handle: FileHandle,
    /** Bytes of the file. */
    readonly size: number,
    private readonly zip: ZipFile,
    private readonly entries: ReadonlyMap<string, Entry>,
    private readonly prefix: string,
  ) {}

  /** @throws Error when the file is no zip archive or not one of `torch.save`. */
  static async open(path: string): Promise<TorchArchive> {
    const handle = await openPlainFile(path);
    try {
      const { size } = await handle.stat();
      const reader = new BoundedReader(handle, size);
      const { zip, list } = await readDirectory(reader, size);
      const entries = new Map<string, Entry>();
      for (const entry of list) {
        if (entries.has(entry.fileName)) throw new Error(`it has two entries "${entry.fileName}"`);
        entries.set(entry.fileName, entry);
      }
      const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
      const [pickle] = pickles;
      if (pickle === undefined || pickles.length > 1) {
        throw new Error('it is a zip file, but none that torch.save wrote');
      }
      const archive = new TorchArchive(
        handle,
        size,
        zip,
        entries,
        pickle.slice(0, -'data.pkl'.length),
      );
      await archive.#checkByteOrder();
      return archive;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The pickle that describes the tensors. */
  async readPickle(): Promise<Uint8Array> {
    const entry = this.entries.get(`${this.prefix}data.pkl`)!;
    if (entry.uncompressedSize > MAX_PICKLE_BYTES) {
      throw new Error(
        `its pickle has ${entry.uncompressedSize} bytes, more than a state dict needs: save the state dict alone`,
      );
    }
    return this.#read(entry);
  }

  /** Size in bytes of a storage; throws when there is none of that key. */
  storageBytes(key: string): number {
    return this.#storage(key).uncompressedSize;
  }

  /** True for a storage of which nothing can be read without unfolding all of it. */
  isCompressed(key: string): boolean {
    return this.#storage(key).compressionMethod !== 0;
  }

  /**
   * Bytes `start` to `start + length` of a storage, in pieces. The checksum of the storage is compared
   * before the last piece.
   */
  async *readRange(key: string, start: number, length: number): AsyncGenerator<Uint8Array> {
    const entry = this.#storage(key);
    if (entry.compressionMethod !== 0) {
      yield (await this.#readInflated(entry)).slice(start, start + length);
      return;
    }
    const dataStart = await this.#dataStart(entry);
    const isWhole = start === 0 && length === entry.uncompressedSize;
    if (!isWhole) await this.#verify(entry, dataStart);
    let checksum = 0;
    let done = 0;
    for await (const piece of readPieces(this.handle, dataStart + start, length)) {
      done += piece.length;
      if (isWhole) {
        checksum = crc32(piece, checksum);
        if (done === length) this.#compare(entry, checksum);
      }
      yield piece;
    }
  }

  /** As `readRange`, in one piece. */
  async readRangeFully(key: string, start: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let done = 0;
    for await (const piece of this.readRange(key, start, length)) {
      bytes.set(piece, done);
      done += piece.length;
    }
    return bytes;
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  #storage(key: string): Entry {
    const entry = this.entries.get(`${this.prefix}data/${key}`);
    if (!entry) throw new Error(`the storage "${key}" is not in the file: take an undamaged copy`);
    return entry;
  }

  async #checkByteOrder(): Promise<void> {
    const entry = this.entries.get(`${this.prefix}byteorder`);
    if (!entry || entry.uncompressedSize > 16) return;
    const order = Buffer.from(await this.#read(entry)).toString('latin1');
    if (order.trim() !== 'little') {
      throw new Error(`its byte order is "${order}": save it again on a little-endian machine`);
    }
  }

  async #read(entry: Entry): Promise<Uint8Array> {
    const dataStart = await this.#dataStart(entry);
    const stored = new Uint8Array(entry.compressedSize);
    await readFully(this.handle, stored, dataStart);
    const bytes = entry.compressionMethod === 0 ? stored : await this.#inflate(stored, entry);
    if (bytes.length !== entry.uncompressedSize) {
      throw new Error(`the entry "${entry.fileName}" is cut short`);
    }
    this.#compare(entry, crc32(bytes));
    return bytes;
  }

  async #readInflated(entry: Entry): Promise<Uint8Array> {
    if (this.#inflated?.entry !== entry) {
      this.#inflated = undefined;
      this.#inflated = { entry, bytes: await this.#read(entry) };
    }
    return this.#inflated.bytes;
  }

  /** Position of an entry's data, which all lie inside of the file. */
  async #dataStart(entry: Entry): Promise<number> {
    if (!entry.canDecodeFileData()) {
      throw new Error(`the entry "${entry.fileName}" is encrypted or compressed in an unknown way`);
    }
    const header = await this.zip
      .readLocalFileHeaderPromise(entry, { minimal: true })
      // What yauzl says of it is about bytes.
      .catch(() => undefined);
    if (header === undefined || header.fileDataStart + entry.compressedSize > this.size) {
      throw new Error(
        `the entry "${entry.fileName}" does not lie where its zip directory says: take an undamaged copy`,
      );
    }
    return header.fileDataStart;
  }

  async #verify(entry: Entry, dataStart: number): Promise<void> {
    if (this.#verified.has(entry)) return;
    let checksum = 0;
    for await (const piece of readPieces(this.handle, dataStart, entry.compressedSize)) {
      checksum = crc32(piece, checksum);
    }
    this.#compare(entry, checksum);
  }

  #compare(entry: Entry, checksum: number): void {
    if (checksum !== entry.crc32) {
      throw new Error(
        `the checksum of the entry "${entry.fileName}" is wrong: the file is damaged, take an undamaged copy`,
      );
    }
    this.#verified.add(entry);
  }

  /** The zip directory decides how much memory an entry gets, whatever its data say. */
  async #inflate(stored: Uint8Array, { fileName, uncompressedSize }: Entry): Promise<Uint8Array> {
    try {
      const maxOutputLength = Math.max(1, uncompressedSize);
      const bytes = await inflate(stored, { maxOutputLength });
      // Small results lie in memory that they share, where their elements may not be aligned.
      return bytes.byteOffset === 0
        ? new Uint8Array(bytes.buffer, 0, bytes.length)
        : new Uint8Array(bytes);
    } catch (error) {
      throw new Error(`the compressed entry "${fileName}" is damaged (${messageOf(error)})`);
    }
  }
}

/** The entries that the archive's directory lists; what yauzl says of damage becomes half a sentence. */
async function readDirectory(
  reader: BoundedReader,
  size: number,
): Promise<{ readonly zip: ZipFile; readonly list: readonly Entry[] }> {
  try {
    const zip = await fromRandomAccessReaderPromise(reader, size, { autoClose: false });
    if (zip.entryCount > MAX_ENTRIES) throw new Error(`it has ${zip.entryCount} entries`);
    const list: Entry[] = [];
    let bytes = 0;
    for await (const entry of zip.eachEntry()) {
      bytes += entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
      if (bytes > MAX_DIRECTORY_BYTES)
        throw new Error(`its names take more than ${MAX_DIRECTORY_BYTES} bytes`);
      list.push(entry);
    }
    return { zip, list };
  } catch (error) {
    const problem = messageOf(error);
    if (problem.startsWith('End of central directory')) {
      throw new Error(
        'its zip directory is missing, so the file is cut short: take an undamaged copy',
      );
    }
    throw new Error(`its zip directory is damaged (${problem}): take an undamaged copy`);
  }
}
