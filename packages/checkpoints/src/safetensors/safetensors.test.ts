import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { float32, type HostTensors, int32, scalar } from '@ar-distill/program';
import { CheckpointFormatError } from '../errors';
import { openSafetensors, readSafetensors } from './safetensors-file';
import { writeSafetensors } from './write-safetensors';

const TENSORS: HostTensors = {
  'blocks.0.weight': float32([2, 3], Float32Array.of(1, -0, NaN, Infinity, 2 ** -149, 0.1)),
  tokens: int32([2], Int32Array.of(-2147483648, 2147483647)),
  step: scalar(3),
  nothing: float32([0, 4], new Float32Array()),
  ünïcode: int32([1], Int32Array.of(1)),
};

describe('safetensors', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'safetensors-'));
    file = join(folder, 'weights.safetensors');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const writeRaw = async (header: string, data = new Uint8Array(8)): Promise<void> => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
    await writeFile(file, Buffer.concat([length, Buffer.from(header), data]));
  };
  const f32 = (begin: number, end: number, shape = [(end - begin) / 4]): object => ({
    dtype: 'F32',
    shape,
    data_offsets: [begin, end],
  });

  it('gives back what was written, bit by bit', async () => {
    await writeSafetensors(file, TENSORS, { note: 'ünicode', architecture: '{"depth":2}' });
    const { tensors, metadata } = await readSafetensors(file);
    expect(tensors).toEqual(TENSORS);
    expect(Object.keys(tensors)).toEqual(Object.keys(TENSORS));
    expect(metadata).toEqual({ note: 'ünicode', architecture: '{"depth":2}' });
    expect(await readdir(folder)).toEqual(['weights.safetensors']);
  });

  it('writes the layout of the format: 8-byte length, JSON padded with spaces, data', async () => {
    await writeSafetensors(file, { a: float32([2], Float32Array.of(1, 2)) });
    const bytes = await readFile(file);
    const length = Number(bytes.readBigUInt64LE());
    expect(length % 8).toBe(0);
    expect(JSON.parse(bytes.toString('utf8', 8, 8 + length))).toEqual({ a: f32(0, 8) });
    expect(bytes.subarray(8 + length)).toEqual(Buffer.from(Float32Array.of(1, 2).buffer));
  });

  it('opens without reading the data, then reads single tensors', async () => {
    await writeSafetensors(file, TENSORS);
    const opened = await openSafetensors(file);
    expect(opened.specs['blocks.0.weight']).toEqual({ shape: [2, 3], dtype: 'float32' });
    expect(await opened.read('tokens')).toEqual(TENSORS['tokens']);
    await expect(opened.read('missing')).rejects.toThrow('there is no tensor "missing"');
    await opened.close();
  });

  it('stores float32 in half the space on demand', async () => {
    const weights = float32([3], Float32Array.of(1, 0.1, -65504));
    const tokens = int32([1], Int32Array.of(70_000));
    await writeSafetensors(file, { weights, tokens }, {}, { halfPrecision: true });
    const { tensors } = await readSafetensors(file);
    expect([...tensors['weights']!.data]).toEqual([1, 0.0999755859375, -65504]);
    expect(tensors['tokens']).toEqual(tokens);
    await expect(
      writeSafetensors(file, { big: scalar(1e5) }, {}, { halfPrecision: true }),
    ).rejects.toThrow('"big" cannot be stored');
    expect(Object.keys((await readSafetensors(file)).tensors)).toContain('tokens');
  });

  it('refuses to write what could not be read', async () => {
    await expect(writeSafetensors(file, { __metadata__: scalar(1) })).rejects.toThrow(RangeError);
    const short = { shape: [3], dtype: 'float32', data: new Float32Array(2) } as const;
    await expect(writeSafetensors(file, { short })).rejects.toThrow('"short"');
    expect(await readdir(folder)).toEqual([]);
  });

  it.each<[string, object | string, string]>([
    ['an unknown type', { a: { ...f32(0, 8), dtype: 'F8_E4M3' } }, '"a" has the element type "F8_'],
    ['a range outside', { a: f32(0, 16) }, '"a" lies at bytes 0 to 16, outside the 8 bytes'],
    [
      'a range backwards',
      { a: { ...f32(0, 8), data_offsets: [8, 0] } },
      '"a" lies at bytes 8 to 0',
    ],
    ['a range of another size', { a: f32(0, 8, [3]) }, '"a" has 8 bytes where its shape [3]'],
    ['an overlap', { a: f32(0, 8), b: f32(4, 8) }, '"b" overlaps another one at byte 4'],
    ['a gap', { a: f32(4, 8) }, 'bytes 0 to 4, before the tensor "a"'],
    ['data of no tensor', { a: f32(0, 4) }, 'the last 4 bytes'],
    ['a negative size', { a: f32(0, 8, [-2]) }, '"a" has a shape'],
    ['sizes beyond 2^53', { a: f32(0, 8, [2 ** 40, 2 ** 40]) }, '"a" has 8 bytes'],
    ['fractional offsets', { a: { ...f32(0, 8), data_offsets: [0, 8.5] } }, '"a" has offsets'],
    ['a null entry', { a: null }, '"a" is described by something else'],
    ['a list as header', [], 'no JSON object'],
    ['metadata that are no text', { __metadata__: { a: 1 }, a: f32(0, 8) }, 'must be strings'],
    ['broken JSON', '{"a":', 'not valid JSON'],
    [
      'one name twice',
      `{"a":${JSON.stringify(f32(0, 8))},"\\u0061":${JSON.stringify(f32(0, 8))}}`,
      'the key "a" twice',
    ],
    [
      'one property twice',
      '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"shape":[2]}}',
      'the key "shape" twice',
    ],
    [
      'a name of megabytes',
      { ['x'.repeat(2e6)]: f32(0, 8) },
      `"${'x'.repeat(40)}…" has a name of 2000000 characters, more than 1024: rename it.`,
    ],
  ])('refuses %s', async (_what, header, sentence) => {
    await writeRaw(typeof header === 'string' ? header : JSON.stringify(header));
    const reading = readSafetensors(file);
    await expect(reading).rejects.toThrow(CheckpointFormatError);
    await expect(reading).rejects.toThrow(sentence);
    await expect(reading).rejects.toThrow(`"${file}": `);
  });

  it('refuses a header that is no UTF-8', async () => {
    const bytes = Buffer.from('________{"\xff":1}', 'latin1');
    bytes.writeBigUInt64LE(BigInt(bytes.length - 8));
    await writeFile(file, bytes);
    await expect(readSafetensors(file)).rejects.toThrow(
      `"${file}": the safetensors header is no UTF-8`,
    );
  });

  it('accepts equal keys in different objects', async () => {
    await writeRaw(JSON.stringify({ __metadata__: { shape: '1', dtype: '2' }, shape: f32(0, 8) }));
    expect(Object.keys((await readSafetensors(file)).tensors)).toEqual(['shape']);
  });

  it('refuses headers that are longer than the file, or cut short', async () => {
    await writeFile(file, Buffer.alloc(7));
    await expect(readSafetensors(file)).rejects.toThrow('7 bytes are too few');
    await writeFile(file, Buffer.alloc(64, 0xff));
    await expect(readSafetensors(file)).rejects.toThrow('18446744073709551615 bytes');
    await writeSafetensors(file, TENSORS);
    const handle = await open(file, 'r+');
    await handle.truncate((await handle.stat()).size - 1);
    await handle.close();
    await expect(readSafetensors(file)).rejects.toThrow('outside the');
  });

  it('names the tensor whose integers are too large', async () => {
    await writeRaw(
      JSON.stringify({ ids: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }),
      Buffer.from(BigInt64Array.of(2n ** 40n).buffer),
    );
    await expect(readSafetensors(file)).rejects.toThrow('"ids" cannot be read: a 64-bit integer');
  });
});
