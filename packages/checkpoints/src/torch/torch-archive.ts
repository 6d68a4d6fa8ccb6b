import { open, type FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { fromRandomAccessReaderPromise, type Entry, type ZipFile } from 'yauzl';
import { messageOf } from '../errors';
import { readFully } from '../files/read-bytes';
import { BoundedReader } from './bounded-reader';

const inflate = promisify(inflateRaw);

/** More entries than any checkpoint has; a zip directory is held in memory. */
const MAX_ENTRIES = 200_000;
/** More bytes than the pickle of any state dict has (VAR-d30's: under 1 MB). */
const MAX_PICKLE_BYTES = 64 * 2 ** 20;

/** The zip archive that `torch.save` writes: `<name>/data.pkl` and one `<name>/data/<key>` per storage. */
export class TorchArchive {
  private constructor(
    private readonly handle: FileHandle,
    private readonly zip: ZipFile,
    private readonly entries: ReadonlyMap<string, Entry>,
    private readonly prefix: string,
  ) {}

  /** @throws Error when the file is no zip archive or not one of `torch.save`. */
  static async open(path: string): Promise<TorchArchive> {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      const reader = new BoundedReader(handle, size);
      const zip = await fromRandomAccessReaderPromise(reader, size, { autoClose: false });
      if (zip.entryCount > MAX_ENTRIES) throw new Error(`it has ${zip.entryCount} zip entries`);
      const entries = new Map<string, Entry>();
      for await (const entry of zip.eachEntry()) {
        if (entries.has(entry.fileName)) throw new Error(`it has two entries "${entry.fileName}"`);
        entries.set(entry.fileName, entry);
      }
      const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
      const [pickle] = pickles;
      if (pickle === undefined || pickles.length > 1) {
        throw new Error('it is a zip file, but none that torch.save wrote');
      }
      const archive = new TorchArchive(handle, zip, entries, pickle.slice(0, -'data.pkl'.length));
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

  /** All bytes of a storage. */
  readStorage(key: string): Promise<Uint8Array> {
    return this.#read(this.#storage(key));
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  #storage(key: string): Entry {
    const entry = this.entries.get(`${this.prefix}data/${key}`);
    if (!entry) throw new Error(`the storage "${key}" is not in the file: fetch it again`);
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
    if (!entry.canDecodeFileData()) {
      throw new Error(`the entry "${entry.fileName}" is encrypted or compressed in an unknown way`);
    }
    const { fileDataStart } = await this.zip.readLocalFileHeaderPromise(entry, { minimal: true });
    const stored = new Uint8Array(entry.compressedSize);
    await readFully(this.handle, stored, fileDataStart);
    const bytes = entry.compressionMethod === 0 ? stored : await this.#inflate(stored, entry);
    if (bytes.length !== entry.uncompressedSize) {
      throw new Error(`the entry "${entry.fileName}" is cut short`);
    }
    return bytes;
  }

  /** The zip directory decides how much memory an entry gets, whatever its data say. */
  async #inflate(stored: Uint8Array, { fileName, uncompressedSize }: Entry): Promise<Uint8Array> {
    try {
      const maxOutputLength = Math.max(1, uncompressedSize);
      return new Uint8Array(await inflate(stored, { maxOutputLength }));
    } catch (error) {
      throw new Error(`the compressed entry "${fileName}" is damaged (${messageOf(error)})`);
    }
  }
}
