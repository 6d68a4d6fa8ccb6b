import { withBytes, type Mutant, type Mutation } from '../mutation';
import type { Random } from '../random';
import type { Seed } from '../seeds';
import { flipBits, truncate } from './bytes';

interface Entry {
  dtype: unknown;
  shape: unknown;
  data_offsets: unknown;
}

/** The seed's names and shapes as a safetensors file of zeros. */
function asSafetensors({ stateDict }: Seed): { header: Record<string, Entry>; data: Buffer } {
  let end = 0;
  const header: Record<string, Entry> = {};
  for (const { name, shape } of stateDict) {
    const start = end;
    end += 2 * shape.reduce((product, size) => product * size, 1);
    header[name] = { dtype: 'F16', shape: [...shape], data_offsets: [start, end] };
  }
  return { header, data: Buffer.alloc(end) };
}

function encode(header: string, data: Buffer, length = Buffer.byteLength(header)): Buffer {
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(length));
  return Buffer.concat([prefix, Buffer.from(header), data]);
}

function named(seed: Seed, bytes: Buffer): Mutant {
  return { ...withBytes(seed, bytes), fileName: 'x.safetensors' };
}

/** One entry of the header becomes something else. */
export const safetensorsHeader: Mutation = (seed, random) => {
  const { header, data } = asSafetensors(seed);
  const name = random.pick(Object.keys(header));
  const entry = header[name]!;
  const strange = [
    null,
    -1,
    1.5,
    1e300,
    2 ** 53,
    'x',
    [],
    {},
    [[1]],
    [-1],
    [2 ** 40, 2 ** 40],
    true,
  ];
  const changes: readonly (() => string)[] = [
    () =>
      json({
        ...header,
        [name]: { ...entry, [random.pick(Object.keys(entry))]: random.pick(strange) },
      }),
    () => json({ ...header, [name]: random.pick(strange) }),
    () => json({ ...header, [`${name}.more`]: entry }),
    () =>
      json({
        ...header,
        [name]: { ...entry, dtype: random.pick(['F32', 'I64', 'F8_E4M3', 'BOOL']) },
      }),
    () => json({ ...header, __metadata__: random.pick(strange) }),
    () => `{"a":${json(entry)},"a":${json(entry)},${json(header).slice(1)}`,
    () => `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
    () => '['.repeat(100_000),
    () => json(header).slice(0, -random.below(100) - 1),
    () => json(header).replaceAll('"F16"', '"BF16"'),
    () =>
      json(
        Object.fromEntries(
          Object.entries(header).map(([key, value]) => [strangeKey(key, random), value]),
        ),
      ),
  ];
  return named(seed, encode(random.pick(changes)(), data));
};

/** The length before the header lies. */
export const safetensorsLength: Mutation = (seed, random) => {
  const { header, data } = asSafetensors(seed);
  const text = json(header);
  const length = random.pick([0, 1, text.length - 1, text.length + 1, 2 ** 27, 2 ** 40, 2 ** 52]);
  return named(seed, encode(text, data, length));
};

export const safetensorsBytes: Mutation = (seed, random, canary) => {
  const { header, data } = asSafetensors(seed);
  const whole = { ...seed, bytes: encode(json(header), data) };
  const { bytes } = random.pick([flipBits, truncate])(whole, random, canary);
  return named(seed, bytes);
};

const json = (value: unknown): string => JSON.stringify(value);

function strangeKey(key: string, random: Random): string {
  return random.below(20) === 0 ? random.pick(['__proto__', '../../escaped', 'a\0b', '']) : key;
}
