import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSafetensors } from '../safetensors/safetensors-file';
import { openModelDirectory } from './open-model-directory';
import { writeModelDirectory, type StoredTensorSource } from './write-model-directory';

function source(name: string, values: readonly number[], shape = [values.length]) {
  const bytes = new Uint8Array(Float32Array.from(values).buffer);
  return {
    name,
    shape,
    type: 'F32',
    read: async function* () {
      yield bytes.subarray(0, 4);
      yield bytes.subarray(4);
    },
  } satisfies StoredTensorSource;
}

const TENSORS = [source('a', [1, 2, 3, 4], [2, 2]), source('b', [5]), source('c', [6, 7])];

describe('model directories', () => {
  let folder: string;
  let model: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'model-directory-'));
    model = path.join(folder, 'new/folder/model');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('come back as they were written, from several shards', async () => {
    const seen: number[] = [];
    await writeModelDirectory(model, { answer: 42 }, TENSORS, {
      shardBytes: 20,
      onProgress: (bytes) => void seen.push(bytes),
    });
    expect((await readdir(model)).sort()).toEqual([
      'config.json',
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
    ]);
    expect(seen.at(-1)).toBe(28);
    const opened = await openModelDirectory(model);
    expect(opened.config).toEqual({ answer: 42 });
    expect(opened.names).toEqual(['a', 'b', 'c']);
    expect([...(await opened.read('a')).data]).toEqual([1, 2, 3, 4]);
    expect([...(await opened.read('c')).data]).toEqual([6, 7]);
    await expect(async () => opened.read('d')).rejects.toThrow('there is no tensor "d"');
    await opened.close();
    const first = path.join(model, 'model-00001-of-00002.safetensors');
    expect((await readSafetensors(first)).tensors['a']!.shape).toEqual([2, 2]);
  });

  it.each<[string, readonly StoredTensorSource[], string]>([
    ['a source ends early', [{ ...TENSORS[0]!, shape: [9] }], 'do not fill its shape'],
    [
      'a source fails',
      [
        TENSORS[0]!,
        {
          ...TENSORS[1]!,
          read: async function* () {
            throw new Error('broken');
          },
        },
      ],
      'broken',
    ],
  ])('leave nothing behind when %s', async (_what, tensors, sentence) => {
    await expect(writeModelDirectory(model, {}, tensors)).rejects.toThrow(sentence);
    expect(await readdir(folder)).toEqual([]);
  });

  it('keep what lies in the folder above when they fail', async () => {
    await mkdir(path.join(folder, 'new'));
    await writeFile(path.join(folder, 'new/other'), '');
    const broken = [{ ...TENSORS[0]!, shape: [9] }];
    await expect(writeModelDirectory(model, {}, broken)).rejects.toThrow();
    expect(await readdir(folder, { recursive: true })).toEqual(['new', path.join('new', 'other')]);
  });

  it('stop when they are told to', async () => {
    const controller = new AbortController();
    const writing = writeModelDirectory(model, {}, TENSORS, {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(writing).rejects.toThrow('aborted');
    expect(await readdir(folder)).toEqual([]);
  });

  it.each<[string, (index: Index) => void, string]>([
    [
      'a tensor that is not there',
      ({ weight_map: map }) => void (map['d'] = map['a']!),
      '"d" is not in the shard that it names',
    ],
    ['a tensor left out', ({ weight_map: map }) => void delete map['a'], 'does not say that'],
    ['another size', ({ metadata }) => void (metadata.total_size = 1), 'its total_size is 1'],
    [
      'a shard outside',
      ({ metadata }) => void (metadata.sha256['../x.safetensors'] = '0'.repeat(64)),
      '"../x.safetensors" is no name of a shard',
    ],
    [
      'a wrong checksum',
      ({ metadata }) => void (metadata.sha256['model-00001-of-00001.safetensors'] = '0'.repeat(64)),
      'its SHA-256 is not the one in the index',
    ],
    ['no checksums', ({ metadata }) => void (metadata.sha256 = {}), 'in no shard that has'],
  ])('are refused with an index that names %s', async (_what, change, sentence) => {
    await writeModelDirectory(model, {}, TENSORS);
    const file = path.join(model, 'model.safetensors.index.json');
    const index = JSON.parse(await readFile(file, 'utf8')) as Index;
    change(index);
    await writeFile(file, JSON.stringify(index));
    await expect(openModelDirectory(model)).rejects.toThrow(sentence);
  });
});

interface Index {
  metadata: { total_size: number; sha256: Record<string, string> };
  weight_map: Record<string, string>;
}
