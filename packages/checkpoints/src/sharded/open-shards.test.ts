import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { float32, scalar } from '@ar-distill/program';
import { isModelDirectory } from '../model-directory/open-model-directory';
import { openCheckpoint } from '../open-checkpoint';
import { writeSafetensors } from '../safetensors/write-safetensors';

let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'shards-'));
  const shard = (i: number): string => path.join(folder, `model-0000${i}-of-00002.safetensors`);
  await writeSafetensors(shard(1), { a: float32([2], Float32Array.of(1, 2)), b: scalar(3) });
  await writeSafetensors(shard(2), { c: float32([1, 1], Float32Array.of(4)) });
});
afterEach(() => rmSync(folder, { recursive: true }));

const FIRST = 'model-00001-of-00002.safetensors';
const SECOND = 'model-00002-of-00002.safetensors';
const MAP = { a: FIRST, b: FIRST, c: SECOND };

function writeIndex(weightMap: unknown, name = 'model.safetensors.index.json'): void {
  const index = { metadata: { total_size: 16 }, weight_map: weightMap };
  writeFileSync(path.join(folder, name), JSON.stringify(index));
}

it.each(['model.safetensors.index.json', 'diffusion_pytorch_model.safetensors.index.json'])(
  'a folder with %s is read like one file',
  async (name) => {
    writeIndex(MAP, name);
    const opened = await openCheckpoint(folder);
    expect(opened.names).toEqual(['a', 'b', 'c']);
    expect(opened.dicts).toEqual([{ path: '', keys: ['a', 'b', 'c'] }]);
    expect([...(await opened.read('a')).data]).toEqual([1, 2]);
    expect(await opened.read('c')).toEqual(float32([1, 1], Float32Array.of(4)));
    const pieces: Uint8Array[] = [];
    for await (const piece of opened.readStored('b')) pieces.push(piece);
    expect(Buffer.concat(pieces).readFloatLE()).toBe(3);
    await expect(async () => opened.read('d')).rejects.toThrow('there is no tensor "d"');
    await opened.close();
    expect(isModelDirectory(folder)).toBe(false);
  },
);

it('a folder with one file of weights needs no index', async () => {
  await writeSafetensors(path.join(folder, 'model.safetensors'), { x: scalar(1) });
  const opened = await openCheckpoint(folder);
  expect(opened.names).toEqual(['x']);
  await opened.close();
});

it.each<[string, unknown, string]>([
  ['a shard that is missing', { ...MAP, c: 'gone.safetensors' }, 'there is no such file'],
  ['a shard outside', { ...MAP, c: '../x.safetensors' }, '"c" lies in no file of the folder'],
  ['an absolute shard', { ...MAP, c: '/etc/passwd' }, '"c" lies in no file of the folder'],
  ['a hidden shard', { ...MAP, c: '..' }, '"c" lies in no file of the folder'],
  ['a shard that is no text', { ...MAP, c: 3 }, '"c" lies in no file of the folder'],
  ['a tensor that is not there', { ...MAP, d: SECOND }, '"d" is not in'],
  ['a tensor left out', { a: FIRST, c: SECOND }, 'does not say that the tensor "b" lies in'],
  ['a tensor in another shard', { ...MAP, c: FIRST, b: SECOND }, 'does not say that the tensor'],
  ['no tensors', {}, 'it names no tensors'],
  ['a name with a zero byte', { ...MAP, c: 'x\0y' }, 'lies in no file of the folder'],
  ['a name that no disk takes', { ...MAP, c: 'x'.repeat(300) }, 'lies in no file of the folder'],
  ['no map', [], 'it has no weight_map'],
])('an index is refused with %s', async (_what, map, sentence) => {
  writeIndex(map);
  await expect(openCheckpoint(folder)).rejects.toThrow(sentence);
});

it('an index that is no text is refused in a sentence', async () => {
  const index = path.join(folder, 'diffusion_pytorch_model.safetensors.index.json');
  writeFileSync(index, Uint8Array.of(0x7b, 0xff, 0x7d));
  await expect(openCheckpoint(folder)).rejects.toThrow(
    `"${index}": it is no UTF-8: take an undamaged copy of it.`,
  );
});

it('a folder without weights is refused by name', async () => {
  await expect(openCheckpoint(folder)).rejects.toThrow(
    `"${folder}": the folder has neither model.safetensors.index.json nor model.safetensors`,
  );
});
