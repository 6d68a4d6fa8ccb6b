import { crc32, deflateRawSync } from 'node:zlib';

/** An entry of an archive that is written, whatever it claims to be. */
export interface ZipEntry {
  readonly name: string | Buffer;
  readonly bytes: Buffer;
  readonly deflate?: boolean;
  /** Uncompressed size that the directory states. */
  readonly claims?: number;
  /** Checksum that the directory states. */
  readonly crc?: number;
  /** Position that the directory states. */
  readonly at?: number;
  /** Set to point to the data of the entry before instead of writing any. */
  readonly shares?: boolean;
}

/** A zip archive without comments, as `torch.save` writes it, or as a liar would. */
export function zip(entries: readonly ZipEntry[], count = entries.length): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  let previous = 0;
  for (const { name, bytes, deflate = false, claims, crc, at, shares } of entries) {
    const title = Buffer.from(name);
    const data = deflate ? deflateRawSync(bytes) : bytes;
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(deflate ? 8 : 0, 4);
    fields.writeUInt32LE(crc ?? crc32(bytes), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(claims ?? bytes.length, 18);
    fields.writeUInt16LE(title.length, 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(at ?? (shares ? previous : offset), 10);
    central.push(
      Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, place, title]),
    );
    if (shares) continue;
    const file = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, title, data]);
    local.push(file);
    previous = offset;
    offset += file.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(count & 0xffff, 8);
  end.writeUInt16LE(count & 0xffff, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...local, directory, end]);
}

/** The stored entries of an archive that is intact. */
export function unzip(archive: Buffer): ZipEntry[] {
  const end = archive.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  const entries: ZipEntry[] = [];
  let at = archive.readUInt32LE(end + 16);
  for (let i = archive.readUInt16LE(end + 10); i > 0; i--) {
    const size = archive.readUInt32LE(at + 24);
    const nameLength = archive.readUInt16LE(at + 28);
    const start = archive.readUInt32LE(at + 42);
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength);
    const data = start + 30 + archive.readUInt16LE(start + 26) + archive.readUInt16LE(start + 28);
    entries.push({ name, bytes: archive.subarray(data, data + size) });
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return entries;
}
