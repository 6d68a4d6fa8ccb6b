import { writeSafetensors } from '@ar-distill/checkpoints';
import { writeNpz } from '@ar-distill/datasets';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { compareResults, type Comparison } from './compare';

const NOTHING_RENAMED = { files: [], tensors: [] };

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'same-bytes-test-'));
});
afterEach(() => rm(root, { recursive: true }));

type Arrays = Readonly<Record<string, Float32Array | Int32Array>>;

/** Writes `checkpoint` or `arrays/x` and the like; a file's metadata is its side's name. */
async function writeResult(side: string, files: Readonly<Record<string, Arrays>>): Promise<string> {
  for (const [file, arrays] of Object.entries(files)) {
    const tensors = Object.fromEntries(
      Object.entries(arrays).map(([name, data]) => [
        name,
        data instanceof Float32Array
          ? { shape: [data.length], dtype: 'float32' as const, data }
          : { shape: [data.length], dtype: 'int32' as const, data },
      ]),
    );
    const target = path.join(root, side, `${file}.safetensors`);
    await writeSafetensors(target, tensors, { side });
  }
  return path.join(root, side);
}

async function compared(
  base: Readonly<Record<string, Arrays>>,
  head: Readonly<Record<string, Arrays>>,
  names = NOTHING_RENAMED as Parameters<typeof compareResults>[2],
): Promise<Comparison> {
  return compareResults(await writeResult('base', base), await writeResult('head', head), names);
}

const floats = (...values: number[]): Float32Array => Float32Array.from(values);
const bits = (...words: number[]): Float32Array => new Float32Array(Uint32Array.from(words).buffer);

describe('two results', () => {
  const result = {
    checkpoint: { 'psi.w': floats(1, 2, 3), count: Int32Array.of(4) },
    'arrays/tuning': { w: floats(-0, NaN) },
  };

  it('are equal with other headers', async () => {
    expect(await compared(result, result)).toEqual({
      files: 2,
      arrays: 3,
      elements: 6,
      differences: [],
    });
    const [base, head] = await Promise.all(
      ['base', 'head'].map((side) => readFile(path.join(root, side, 'checkpoint.safetensors'))),
    );
    expect(base!.equals(head!)).toBe(false);
  });

  it('differ in one bit', async () => {
    const { differences } = await compared(
      { checkpoint: { w: bits(0x3f800000, 0x3f800000) } },
      { checkpoint: { w: bits(0x3f800000, 0x3f800001) } },
    );
    expect(differences).toEqual([
      'checkpoint.safetensors: "w" differs in 1 of 2 elements, max|Δ| 1.19e-7',
    ]);
  });

  it('differ in an integer', async () => {
    const { differences } = await compared(
      { 'arrays/pool': { labels: Int32Array.of(1, 2, 3) } },
      { 'arrays/pool': { labels: Int32Array.of(1, 7, 1) } },
    );
    expect(differences).toEqual([
      'arrays/pool.safetensors: "labels" differs in 2 of 3 elements, max|Δ| 5.00',
    ]);
  });

  it('differ in the sign of zero', async () => {
    const { differences } = await compared(
      { checkpoint: { w: floats(0) } },
      { checkpoint: { w: floats(-0) } },
    );
    expect(differences).toEqual([
      'checkpoint.safetensors: "w" differs in 1 of 1 elements, max|Δ| 0.00',
    ]);
  });

  it('may hold the same NaN, but not another one', async () => {
    const one = { checkpoint: { w: bits(0x7fc01234) } };
    expect((await compared(one, one)).differences).toEqual([]);
    const { differences } = await compared(one, { checkpoint: { w: bits(0x7fc01235) } });
    expect(differences).toEqual([
      'checkpoint.safetensors: "w" differs in 1 of 1 elements, max|Δ| NaN',
    ]);
  });

  it('differ in type and length', async () => {
    const { differences } = await compared(
      { checkpoint: { a: floats(1, 2), b: floats(0) } },
      { checkpoint: { a: floats(1), b: Int32Array.of(0) } },
    );
    expect(differences).toEqual([
      'checkpoint.safetensors: "a" was F32 [2] and is F32 [1]',
      'checkpoint.safetensors: "b" was F32 [1] and is I32 [1]',
    ]);
  });

  it('have other arrays and other files', async () => {
    const { differences } = await compared(
      { checkpoint: { a: floats(1), b: floats(2) }, 'arrays/old': { w: floats(1) } },
      { checkpoint: { a: floats(1), c: floats(2) }, 'arrays/deep/new': { w: floats(1) } },
    );
    expect(differences).toEqual([
      'arrays/old.safetensors is missing',
      'arrays/deep/new.safetensors is extra',
      'checkpoint.safetensors: "b" is missing',
      'checkpoint.safetensors: "c" is extra',
    ]);
  });

  it('are matched by the table of names, whichever side has the old ones', async () => {
    const old = {
      checkpoint: { 'x.weight': floats(1), step: Int32Array.of(3) },
      'arrays/tuning-head': { w: floats(2) },
    };
    const renamed = {
      checkpoint: { 'generator.weight': floats(1), step: Int32Array.of(3) },
      'arrays/csd/tuning-head': { w: floats(2) },
    };
    const names = {
      files: [{ from: 'arrays/tuning-*', to: 'arrays/csd/tuning-*' }],
      tensors: [{ from: 'x.*', to: 'generator.*' }],
    };
    const equal = { files: 2, arrays: 3, elements: 3, differences: [] };
    expect(await compared(old, renamed, names)).toEqual(equal);
    await rm(root, { recursive: true });
    expect(await compared(renamed, old, names)).toEqual(equal);
    await rm(root, { recursive: true });
    expect((await compared(old, renamed)).differences).toHaveLength(4);
    await mkdir(root, { recursive: true });
  });

  it('cannot have two arrays of one name', async () => {
    const both = { checkpoint: { old: floats(1), new: floats(2) } };
    const names = { files: [], tensors: [{ from: 'old', to: 'new' }] };
    await expect(compared(both, both, names)).rejects.toThrow(
      'The table of names calls both "old" and "new" of checkpoint.safetensors of the base "new": mend its lines.',
    );
  });
});

describe('samples', () => {
  async function writeSamples(side: string, images: Uint8Array): Promise<string> {
    await mkdir(path.join(root, side), { recursive: true });
    await writeNpz(path.join(root, side, 'samples.npz'), {
      images: { shape: [images.length, 1], data: images },
      labels: { shape: [2], data: Int32Array.of(0, 1) },
    });
    return path.join(root, side);
  }

  it('are compared pixel by pixel', async () => {
    const base = await writeSamples('base', Uint8Array.of(0, 255));
    const equal = await writeSamples('equal', Uint8Array.of(0, 255));
    const other = await writeSamples('other', Uint8Array.of(3, 254));
    expect(await compareResults(base, equal, NOTHING_RENAMED)).toEqual({
      files: 1,
      arrays: 2,
      elements: 4,
      differences: [],
    });
    expect((await compareResults(base, other, NOTHING_RENAMED)).differences).toEqual([
      'samples.npz: "images" differs in 2 of 2 elements, max|Δ| 3.00',
    ]);
  });

  it('are missed by name when a side has none', async () => {
    const base = await writeSamples('base', Uint8Array.of(0, 255));
    const none = path.join(root, 'none');
    await mkdir(none);
    expect((await compareResults(base, none, NOTHING_RENAMED)).differences).toEqual([
      'samples.npz is missing',
    ]);
  });

  it('say which file is damaged', async () => {
    const base = await writeSamples('base', Uint8Array.of(0, 255));
    const head = await writeSamples('head', Uint8Array.of(0, 255));
    await writeFile(path.join(head, 'samples.npz'), 'nothing');
    await expect(compareResults(base, head, NOTHING_RENAMED)).rejects.toThrow(
      path.join(head, 'samples.npz'),
    );
  });
});
