import { withBytes, type Mutation } from '../mutation';

/** Both ends of a file hold its structure: the pickle and the directory. */
const STRUCTURE_BYTES = 8192;

export const flipBits: Mutation = (seed, random) => {
  const bytes = Buffer.from(seed.bytes);
  for (let i = random.below(16); i >= 0; i--) {
    bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
  }
  return { ...withBytes(seed, bytes), damaged: true };
};

export const flipStructure: Mutation = (seed, random) => {
  const bytes = Buffer.from(seed.bytes);
  for (let i = random.below(4); i >= 0; i--) {
    const place = random.below(Math.min(STRUCTURE_BYTES, bytes.length));
    const at = random.below(2) === 0 ? place : bytes.length - 1 - place;
    bytes[at] = random.below(2) === 0 ? random.below(256) : bytes[at]! ^ (1 << random.below(8));
  }
  return { ...withBytes(seed, bytes), damaged: true };
};

export const truncate: Mutation = (seed, random) => {
  const length =
    random.below(3) === 0
      ? seed.bytes.length - 1 - random.below(200)
      : random.below(seed.bytes.length);
  return { ...withBytes(seed, seed.bytes.subarray(0, length)), damaged: true };
};

/** A range is cut out, doubled or filled with something else. */
export const splice: Mutation = (seed, random) => {
  const { bytes } = seed;
  const start = random.below(bytes.length);
  const end = Math.min(bytes.length, start + 1 + random.below(4096));
  const middles = [
    Buffer.alloc(0),
    Buffer.concat([bytes.subarray(start, end), bytes.subarray(start, end)]),
    Buffer.alloc(end - start),
    random.bytes(1 + random.below(64)),
  ];
  const changed = Buffer.concat([
    bytes.subarray(0, start),
    random.pick(middles),
    bytes.subarray(end),
  ]);
  return { ...withBytes(seed, changed), damaged: true };
};

/** Files of other kinds, and checkpoints under other names. */
export const otherFiles: Mutation = (seed, random) => {
  const contents: readonly (() => Buffer)[] = [
    () => Buffer.alloc(0),
    () => Buffer.from('<!DOCTYPE html><html><body>404</body></html>'),
    () => Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\n`),
    () => Buffer.from('\x80\x02\x8a\x0alW', 'latin1'),
    () => Buffer.from('\x1f\x8b\x08\x00', 'latin1'),
    () => Buffer.from('PK\x03\x04', 'latin1'),
    () => Buffer.from('PK\x05\x06', 'latin1'),
    () => Buffer.alloc(1 + random.below(100_000), random.below(256)),
    () => random.bytes(1 + random.below(2000)),
    () => seed.bytes,
  ];
  const names = ['x.safetensors', 'x.pt', 'x', 'x.json', 'x y\u202e.pth', `${'n'.repeat(200)}.pt`];
  return { ...withBytes(seed, random.pick(contents)()), fileName: random.pick(names) };
};
