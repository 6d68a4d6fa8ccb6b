import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import type { HostTensors } from '@ar-distill/program';
import { openCheckpoint, readCheckpoint } from '../open-checkpoint';
import { writeSafetensors } from '../safetensors/write-safetensors';

const FIXTURES = resolve(__dirname, '../../../../test/fixtures');

// Pickle opcodes of protocol 2, as torch.save writes them.
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const op = (...parts: (string | Buffer)[]): Buffer =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)),
  );
const text = (value: string): Buffer => op('X', u32(Buffer.byteLength(value)), Buffer.from(value));
const int = (value: number): Buffer =>
  value < 2 ** 31
    ? op('J', u32(value))
    : op('\x8a\x08', Buffer.from(BigInt64Array.of(BigInt(value)).buffer));
const tuple = (...items: Buffer[]): Buffer => op('(', ...items, 't');
const dict = (entries: Record<string, Buffer>): Buffer =>
  op('}(', ...Object.entries(entries).flatMap(([key, value]) => [text(key), value]), 'u');
const storage = (type: string, key: string, length: number): Buffer =>
  op(tuple(text('storage'), op(`ctorch\n${type}\n`), text(key), text('cpu'), int(length)), 'Q');
const tensor = (of: Buffer, offset: number, shape: number[], strides: number[]): Buffer =>
  op(
    'ctorch._utils\n_rebuild_tensor_v2\n',
    tuple(
      of,
      int(offset),
      tuple(...shape.map(int)),
      tuple(...strides.map(int)),
      op('\x89'),
      op('ccollections\nOrderedDict\n)R'),
    ),
    'R',
  );
const bytesOf = (values: ArrayBufferView): Buffer =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength);

interface ZipItem {
  readonly name: string;
  readonly bytes: Buffer;
  readonly deflate?: boolean;
  /** Size that the directory states, when it lies. */
  readonly claims?: number;
}

/** A zip archive; only what torch.save and hostile files need. */
function zip(items: readonly ZipItem[]): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes, deflate, claims } of items) {
    const data = deflate ? deflateRawSync(bytes) : bytes;
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(deflate ? 8 : 0, 4);
    fields.writeUInt32LE(crc32(bytes), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(claims ?? bytes.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    const file = op('PK\x03\x04', fields, name, data);
    central.push(op('PK\x01\x02\x14\x00', fields, place, name));
    local.push(file);
    offset += file.length;
  }
  const directory = Buffer.concat(central);
  const counts = Buffer.alloc(18);
  counts.writeUInt16LE(items.length, 4);
  counts.writeUInt16LE(items.length, 6);
  counts.writeUInt32LE(directory.length, 8);
  counts.writeUInt32LE(offset, 12);
  return op(...local, directory, 'PK\x05\x06', counts);
}

const archive = (root: Buffer, storages: Record<string, Buffer>, more: readonly ZipItem[] = []) =>
  zip([
    { name: 'archive/data.pkl', bytes: op('\x80\x02', root, '.') },
    ...Object.entries(storages).map(([key, bytes]) => ({ name: `archive/data/${key}`, bytes })),
    ...more,
  ]);

describe('PyTorch checkpoints', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'torch-checkpoint-'));
    file = join(folder, 'weights.pth');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const read = async (bytes: Buffer, key?: string): Promise<HostTensors> => {
    await writeFile(file, bytes);
    return (await readCheckpoint(file, key === undefined ? {} : { key })).tensors;
  };

  // Sums that Python's own unpickler and struct module give for these files.
  it.each([
    ['var-tiny/var.pth', 38, 166310, 112.03275614089699, 370.9664186329428],
    ['var-tiny/vae.pth', 320, 1269019, 2963.411632359028, 11842.328751444817],
    ['llamagen-tiny/gpt.pt', 18, 115712, 317.1719743274152, 1235.2579757757485],
  ])('%s is read as Python reads it', async (name, tensorCount, elements, sum, weightedSum) => {
    const { tensors, metadata } = await readCheckpoint(join(FIXTURES, name));
    expect(metadata).toEqual({});
    let count = 0;
    let total = 0;
    let weightedTotal = 0;
    for (const { data } of Object.values(tensors)) {
      for (let i = 0; i < data.length; i++, count++) {
        // The attention mask has −∞.
        if (!Number.isFinite(data[i])) continue;
        total += data[i]!;
        weightedTotal += data[i]! * (1 + (count % 7));
      }
    }
    expect(Object.keys(tensors)).toHaveLength(tensorCount);
    expect(count).toBe(elements);
    expect(total).toBeCloseTo(sum, 8);
    expect(weightedTotal).toBeCloseTo(weightedSum, 8);
  });

  it('finds the weights under "model" by itself and by key', async () => {
    const path = join(FIXTURES, 'llamagen-tiny/gpt.pt');
    const byItself = await readCheckpoint(path);
    expect(byItself.tensors['tok_embeddings.weight']?.shape).toEqual([64, 64]);
    const byKey = await readCheckpoint(path, { key: 'model' });
    expect(Object.keys(byKey.tensors)).toEqual(Object.keys(byItself.tensors));
    await expect(readCheckpoint(path, { key: 'ema' })).rejects.toThrow(
      'no dict "ema", and its keys are model, steps: name one of them',
    );
  });

  it('tells the format by content, not by name', async () => {
    await copyFile(join(FIXTURES, 'llamagen-tiny/gpt.pt'), join(folder, 'a.safetensors'));
    const { tensors } = await readCheckpoint(join(folder, 'a.safetensors'));
    const { 'norm.weight': weight } = tensors;
    await writeSafetensors(file, { weight: weight! }, { note: 'x' });
    expect(await readCheckpoint(file)).toEqual({ tensors: { weight }, metadata: { note: 'x' } });
  });

  it.each([
    ['DoubleStorage', Float64Array.of(0.1, -2), [Math.fround(0.1), -2], 'float32'],
    ['FloatStorage', Float32Array.of(0.5, -Infinity), [0.5, -Infinity], 'float32'],
    ['HalfStorage', Uint16Array.of(0x0001, 0xfc00), [2 ** -24, -Infinity], 'float32'],
    ['BFloat16Storage', Uint16Array.of(0x3f80, 0x0001), [1, 2 ** -133], 'float32'],
    ['LongStorage', BigInt64Array.of(5n, -6n), [5, -6], 'int32'],
    ['IntStorage', Int32Array.of(5, -6), [5, -6], 'int32'],
    ['ShortStorage', Int16Array.of(5, -6), [5, -6], 'int32'],
    ['CharStorage', Int8Array.of(5, -6), [5, -6], 'int32'],
    ['ByteStorage', Uint8Array.of(5, 250), [5, 250], 'int32'],
    ['BoolStorage', Uint8Array.of(1, 0), [1, 0], 'int32'],
  ])('reads %s', async (type, values, expected, dtype) => {
    const root = dict({ a: tensor(storage(type, '0', 2), 0, [2], [1]) });
    const { a } = await read(archive(root, { 0: bytesOf(values) }));
    expect(a?.dtype).toBe(dtype);
    expect([...a!.data]).toEqual(expected);
  });

  it('honours strides, offsets and storages that views share', async () => {
    const shared = storage('FloatStorage', 'shared', 12);
    const parameter = op(
      'ctorch._utils\n_rebuild_parameter\n',
      tuple(tensor(shared, 4, [4], [1]), op('\x88'), op('ccollections\nOrderedDict\n)R')),
      'R',
    );
    const withState = op(
      'ctorch._utils\n_rebuild_parameter_with_state\n',
      tuple(
        tensor(shared, 8, [2], [1]),
        op('\x88'),
        op('ccollections\nOrderedDict\n)R'),
        dict({ tag: int(1) }),
      ),
      'R',
    );
    const tensors = await read(
      archive(
        dict({
          withState,
          whole: tensor(shared, 0, [3, 4], [4, 1]),
          transposed: tensor(shared, 0, [4, 3], [1, 4]),
          column: tensor(shared, 1, [3], [4]),
          row: parameter,
          every: tensor(shared, 0, [2, 1, 2], [8, 99, 2]),
          expanded: tensor(shared, 11, [2, 3], [0, 0]),
          scalar: tensor(shared, 7, [], []),
          empty: tensor(shared, 0, [0, 4], [4, 1]),
        }),
        { shared: bytesOf(Float32Array.from({ length: 12 }, (_, i) => i)) },
      ),
    );
    const values = Object.fromEntries(
      Object.entries(tensors).map(([name, { data }]) => [name, [...data]]),
    );
    expect(values).toEqual({
      withState: [8, 9],
      whole: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
      transposed: [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11],
      column: [1, 5, 9],
      row: [4, 5, 6, 7],
      every: [0, 2, 8, 10],
      expanded: [11, 11, 11, 11, 11, 11],
      scalar: [7],
      empty: [],
    });
    tensors['row']!.data[0] = 99;
    expect(tensors['whole']!.data[4]).toBe(4);
  });

  it('gives the stored bytes of scattered views that reach over a large storage', async () => {
    // 20 Mi elements: more than is held at a time.
    const length = 20 * 2 ** 20;
    const values = Float32Array.from({ length }, (_, i) => i);
    const of = storage('FloatStorage', '0', length);
    const step = length / 4;
    await writeFile(
      file,
      archive(dict({ a: tensor(of, 1, [3, 4], [2, step - 1]), b: tensor(of, 0, [2], [1]) }), {
        0: bytesOf(values),
      }),
    );
    const opened = await openCheckpoint(file);
    const read = async (name: string): Promise<number[]> => {
      const pieces: Uint8Array[] = [];
      for await (const piece of opened.readStored(name)) pieces.push(piece);
      return [...new Float32Array(Uint8Array.from(Buffer.concat(pieces)).buffer)];
    };
    const expected = [0, 1, 2].flatMap((row) =>
      [0, 1, 2, 3].map((column) => 1 + 2 * row + column * (step - 1)),
    );
    expect(await read('a')).toEqual(expected);
    expect([...(await opened.read('a')).data]).toEqual(expected);
    expect(await read('b')).toEqual([0, 1]);
    await opened.close();
  });

  it('lists every dict that holds tensors', async () => {
    const value = tensor(storage('FloatStorage', '0', 2), 0, [2], [1]);
    const root = dict({
      trainer: dict({ a: dict({ 'x.w': value }), b: dict({ y: value }) }),
      step: int(3),
    });
    await writeFile(file, archive(root, { 0: bytesOf(Float32Array.of(1, 2)) }));
    const opened = await openCheckpoint(file);
    expect(opened.dicts).toEqual([
      { path: 'trainer.a', keys: ['x.w'] },
      { path: 'trainer.b', keys: ['y'] },
    ]);
    expect(opened.names).toEqual(['trainer.a.x.w', 'trainer.b.y']);
    await opened.close();
  });

  it('finds state dicts in lists and tuples, by their numbers', async () => {
    const value = tensor(storage('FloatStorage', '0', 2), 0, [2], [1]);
    const root = op('](', dict({ w: value }), dict({ step: int(1) }), 'e');
    const bytes = archive(dict({ models: root, pair: tuple(value, int(3)) }), {
      0: bytesOf(Float32Array.of(1, 2)),
    });
    await writeFile(file, bytes);
    const opened = await openCheckpoint(file);
    expect(opened.dicts).toEqual([
      { path: 'models.0', keys: ['w'] },
      { path: 'pair', keys: ['0'] },
    ]);
    await opened.close();
    expect([...(await read(bytes, 'models.0'))['w']!.data]).toEqual([1, 2]);
  });

  /** As torch.save writes types that have no class of storages: bytes, and the type beside them. */
  const typed = (dtype: string, key: string, bytes: number, shape: number[]): Buffer =>
    op(
      'ctorch._utils\n_rebuild_tensor_v3\n',
      tuple(
        op(
          tuple(
            text('storage'),
            op('ctorch.storage\nUntypedStorage\n'),
            text(key),
            text('cpu'),
            int(bytes),
          ),
          'Q',
        ),
        int(0),
        tuple(...shape.map(int)),
        tuple(...shape.map(() => int(1))),
        op('\x89'),
        op('ccollections\nOrderedDict\n)R'),
        op(`ctorch\n${dtype}\n`),
      ),
      'R',
    );

  it('reads untyped storages by the type that stands beside them', async () => {
    const values = Float64Array.of(0.5, -3);
    const root = dict({ a: typed('float64', '0', 16, [2]), b: typed('float16', '1', 4, [2]) });
    const tensors = await read(
      archive(root, { 0: bytesOf(values), 1: bytesOf(Uint16Array.of(0x3c00, 0xc000)) }),
    );
    expect([...tensors['a']!.data]).toEqual([0.5, -3]);
    expect([...tensors['b']!.data]).toEqual([1, -2]);
  });

  it.each<[string, Buffer]>([
    ['float8_e4m3fn', typed('float8_e4m3fn', '1', 2, [2])],
    ['uint16', typed('uint16', '1', 4, [2])],
    ['complex64', tensor(storage('ComplexFloatStorage', '1', 2), 0, [2], [1])],
    ['quantized', op('ctorch._utils\n_rebuild_qtensor\n', tuple(int(1)), 'R')],
    ['sparse', op('ctorch._utils\n_rebuild_sparse_tensor\n', tuple(int(1)), 'R')],
  ])('leaves out a state dict with a tensor of type %s alone', async (type, unreadable) => {
    const plain = tensor(storage('FloatStorage', '0', 2), 0, [2], [1]);
    const bytes = archive(
      dict({ model: dict({ w: plain }), ema: dict({ w: plain, x: unreadable }) }),
      { 0: bytesOf(Float32Array.of(1, 2)) },
    );
    await writeFile(file, bytes);
    const opened = await openCheckpoint(file);
    expect(opened.dicts).toEqual([{ path: 'model', keys: ['w'] }]);
    expect(opened.blocked).toEqual([{ path: 'ema', tensor: 'ema.x', type }]);
    await opened.close();
    expect(Object.keys(await read(bytes))).toEqual(['w']);
    await expect(read(bytes, 'ema')).rejects.toThrow(`has the type ${type}, which is not read`);
    const alone = archive(dict({ x: unreadable }), {});
    await writeFile(file, alone);
    await expect(openCheckpoint(file)).rejects.toThrow(`"x" has the type ${type}`);
  });

  it('notices a storage that was damaged', async () => {
    const whole = await readFile(join(FIXTURES, 'llamagen-tiny/gpt.pt'));
    const bytes = Buffer.from(whole);
    bytes[whole.length >> 1]! ^= 1;
    await expect(read(bytes)).rejects.toThrow('is wrong: the file is damaged');
  });

  it('reads compressed entries', async () => {
    const values = Float32Array.from({ length: 1000 }, (_, i) => i % 10);
    const root = dict({ a: tensor(storage('FloatStorage', '0', 1000), 0, [1000], [1]) });
    const bytes = zip([
      { name: 'x/data.pkl', bytes: op('\x80\x02', root, '.'), deflate: true },
      { name: 'x/data/0', bytes: bytesOf(values), deflate: true },
      { name: 'x/byteorder', bytes: Buffer.from('little') },
    ]);
    expect((await read(bytes))['a']!.data).toEqual(values);
  });

  const one = bytesOf(Float32Array.of(1, 2));
  const floats = (length: number): Buffer => storage('FloatStorage', '0', length);
  it.each<[string, Buffer, string]>([
    ['a command', archive(op('cos\nsystem\n', tuple(text('true')), 'R'), {}), '"os.system"'],
    [
      'a view beyond its storage',
      archive(dict({ a: tensor(floats(2), 1, [2], [1]) }), { 0: one }),
      '"a": reaches element 2',
    ],
    [
      'strides beyond it',
      archive(dict({ a: tensor(floats(2), 0, [2], [2 ** 50]) }), { 0: one }),
      '"a": reaches element',
    ],
    [
      'a storage of another size',
      archive(dict({ a: tensor(floats(3), 0, [3], [1]) }), { 0: one }),
      '"a": needs 3 elements',
    ],
    [
      'a missing storage',
      archive(dict({ a: tensor(floats(2), 0, [2], [1]) }), {}),
      'storage "0" is not in the file',
    ],
    [
      'a storage outside',
      archive(dict({ a: tensor(storage('FloatStorage', '../data.pkl', 2), 0, [2], [1]) }), {
        0: one,
      }),
      'is not in the file',
    ],
    [
      'endless repetition',
      archive(dict({ a: tensor(floats(2), 0, [2 ** 40], [0]) }), { 0: one }),
      '"a": repeats 2 stored',
    ],
    [
      'many repetitions',
      archive(
        dict(
          Object.fromEntries(
            Array.from({ length: 9 }, (_, i) => [`t${i}`, tensor(floats(2), 0, [2 ** 24], [0])]),
          ),
        ),
        { 0: one },
      ),
      'would unfold to more than',
    ],
    [
      'axes without strides',
      archive(dict({ a: tensor(floats(2), 0, [2], []) }), { 0: one }),
      'in an unknown way',
    ],
    [
      'big-endian storages',
      archive(dict({}), {}, [{ name: 'archive/byteorder', bytes: Buffer.from('big') }]),
      'byte order is "big"',
    ],
    [
      'two entries of one name',
      archive(dict({}), { 0: one }, [{ name: 'archive/data/0', bytes: one }]),
      'two entries',
    ],
    [
      'more entries than a checkpoint has',
      zip(Array.from({ length: 50_001 }, (_, i) => ({ name: `x/${i}`, bytes: Buffer.alloc(0) }))),
      'it has 50001 entries',
    ],
    [
      'more bytes of names than a checkpoint has',
      zip(Array.from({ length: 200 }, (_, i) => ({ name: `x/${i}`.padEnd(60_000), bytes: one }))),
      'its names take more than 8388608 bytes',
    ],
    ['nothing at all', archive(dict({}), {}), 'no tensors, and has no keys: save'],
    ['no pickle', zip([{ name: 'readme.txt', bytes: one }]), 'none that torch.save wrote'],
    ['a path upwards', zip([{ name: '../data.pkl', bytes: one }]), 'invalid relative path'],
    [
      'a storage that is longer than stated',
      archive(dict({ a: tensor(floats(2), 0, [2], [1]) }), {}, [
        { name: 'archive/data/0', bytes: Buffer.alloc(1_000_000), deflate: true, claims: 8 },
      ]),
      '"archive/data/0" is damaged',
    ],
    [
      'a compressed storage that is larger than the memory it may take',
      archive(dict({ a: tensor(floats(2 ** 29), 0, [2 ** 29], [1]) }), {}, [
        { name: 'archive/data/0', bytes: Buffer.alloc(8), deflate: true, claims: 2 ** 31 },
      ]),
      'would unfold to more than',
    ],
    [
      'a huge pickle',
      zip([{ name: 'x/data.pkl', bytes: Buffer.alloc(8), deflate: true, claims: 2 ** 30 }]),
      'its pickle has 1073741824 bytes',
    ],
  ])('refuses %s', async (_what, bytes, sentence) => {
    await expect(read(bytes)).rejects.toThrow(sentence);
    await expect(read(bytes)).rejects.toThrow(`"${file}": `);
  });

  it.each([
    ['place', 42],
    ['size', 20],
  ])(
    'says that an entry does not lie where the directory says, by its %s',
    async (_what, field) => {
      const pickle = op('\x80\x02', dict({}), '.');
      const bytes = zip([{ name: 'x/data.pkl', bytes: pickle, deflate: true }]);
      bytes.writeUInt32LE(0x7fffffff, bytes.indexOf('PK\x01\x02', 0, 'latin1') + field);
      await expect(read(bytes)).rejects.toThrow(
        '"x/data.pkl" does not lie where its zip directory says: take an undamaged copy.',
      );
    },
  );

  it('survives a zip directory that points far outside of the file', async () => {
    const whole = archive(dict({}), {});
    const end = whole.subarray(-22);
    const locator = op(
      'PK\x06\x07',
      Buffer.alloc(4),
      Buffer.from('00ff00ff00ff00ff', 'hex'),
      u32(1),
    );
    const bytes = op(whole.subarray(0, -22), locator, end);
    await expect(read(bytes)).rejects.toThrow('points outside of the file');
  });

  it('refuses files that are cut short', async () => {
    const whole = await readFile(join(FIXTURES, 'llamagen-tiny/gpt.pt'));
    for (const length of [whole.length - 1, whole.length >> 1, 100]) {
      await expect(read(whole.subarray(0, length))).rejects.toThrow(`"${file}": `);
    }
  });

  it('says what other files are', async () => {
    const legacy = op('\x80\x02\x8a\x0a', Buffer.from('6cfc9c46f9206aa85019', 'hex'), '.');
    await expect(read(legacy)).rejects.toThrow('before PyTorch 1.6');
    await expect(read(Buffer.from('version https://git-lfs.github.com/spec/v1\n'))).rejects.toThrow(
      'Git LFS pointer',
    );
    await expect(read(Buffer.from('<!DOCTYPE html><html></html>'))).rejects.toThrow('neither');
    await expect(read(Buffer.alloc(0))).rejects.toThrow('neither');
    await expect(readCheckpoint(join(folder, 'missing.pth'))).rejects.toThrow(
      'missing.pth": there is no such file: name one that is there.',
    );
  });
});
