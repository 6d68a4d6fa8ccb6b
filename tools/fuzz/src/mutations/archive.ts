import { withBytes, type Mutation } from '../mutation';
import { unzip, zip, type ZipEntry } from '../zip';

/** Numbers at which readers break. */
const EXTREMES = [0, 1, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

export const swapRecords: Mutation = (seed, random) => {
  const entries = unzip(seed.bytes);
  const a = random.below(entries.length);
  const b = random.below(entries.length);
  const swapped = entries.map((entry, i) => ({
    ...entry,
    name: entries[i === a ? b : i === b ? a : i]!.name,
  }));
  return withBytes(seed, zip(swapped));
};

export const renameRecords: Mutation = (seed, random) => {
  const names = [
    '../../escaped',
    '../data.pkl',
    '/etc/passwd',
    'C:\\escaped',
    'a\\..\\b',
    'a\0b/data.pkl',
    'archive/data/0/../../../escaped',
    'x/data.pkl',
    '__proto__/data.pkl',
    '',
    'd/'.repeat(2000),
    'n'.repeat(60_000),
    Buffer.from([0xff, 0xfe, 0x2f, 0x80]),
  ];
  const entries = unzip(seed.bytes);
  const at = random.below(entries.length);
  const changed = entries.map((entry, i) =>
    i === at ? { ...entry, name: random.pick(names) } : entry,
  );
  return withBytes(seed, zip(changed));
};

export const duplicateRecords: Mutation = (seed, random) => {
  const entries = unzip(seed.bytes);
  const twice = random.pick(entries);
  const other = { ...twice, bytes: Buffer.alloc(twice.bytes.length, random.below(256)) };
  const place = random.below(entries.length + 1);
  return withBytes(seed, zip(entries.toSpliced(place, 0, random.below(2) === 0 ? twice : other)));
};

/** Small files that would unfold to a lot: compressed zeros, shared data, counts and sizes that lie. */
export const zipBomb: Mutation = (seed, random) => {
  const entries = unzip(seed.bytes);
  const at = random.below(entries.length);
  const victim = entries[at]!;
  const zeros = Buffer.alloc(64 * 2 ** 20);
  const bombs: readonly (() => Buffer)[] = [
    () => zip(entries.with(at, { ...victim, bytes: zeros, deflate: true })),
    () => zip(entries.with(at, { ...victim, deflate: true, claims: random.pick(EXTREMES) })),
    () => zip(entries.with(at, { ...victim, claims: random.pick(EXTREMES) })),
    () => zip(entries, random.pick([0, 1, 0xffff, entries.length + 1])),
    () => zip([...entries, ...sharing(`${rootOf(entries)}/data/shared`, 5000)]),
    () => zip(entries.map((entry) => ({ ...entry, deflate: true }))),
    () => zip(entries.with(at, { ...victim, at: random.pick(EXTREMES) })),
    () => zip(entries.with(at, { ...victim, crc: random.pick(EXTREMES) })),
  ];
  return withBytes(seed, random.pick(bombs)());
};

/** A field of the directory or of its end is overwritten. */
export const archiveFields: Mutation = (seed, random) => {
  const bytes = Buffer.from(seed.bytes);
  const end = bytes.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  const directory = bytes.readUInt32LE(end + 16);
  const fields = random.below(2) === 0 ? end + 4 : directory + 4;
  const at = Math.min(bytes.length - 4, fields + random.below(bytes.length - fields - 4));
  bytes.writeUInt32LE(random.pick(EXTREMES), at);
  return { ...withBytes(seed, bytes), damaged: true };
};

function sharing(name: string, count: number): ZipEntry[] {
  const first = { name, bytes: Buffer.alloc(1000) };
  const others = Array.from({ length: count }, (_, i) => ({
    ...first,
    name: `${name}${i}`,
    shares: true,
  }));
  return [first, ...others];
}

/** The folder in the archive in which `torch.save` puts everything. */
export function rootOf(entries: readonly ZipEntry[]): string {
  const pickle = entries.map(({ name }) => String(name)).find((name) => name.endsWith('/data.pkl'));
  return pickle?.slice(0, -'/data.pkl'.length) ?? 'archive';
}
