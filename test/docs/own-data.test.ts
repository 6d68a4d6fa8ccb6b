import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContainer } from 'ar-distill';
import { DATASETS, findNamed } from '@ar-distill/di';
import { ROOT } from '@ar-distill/workspace';
import { PNG } from 'pngjs';
import { runRefused, workingFolder } from '../ar-distill/in-process';
import { fencesOf } from './markdown-pages';

const [manifest, dataset, index] = fencesOf(
  readFileSync(join(ROOT, 'docs/own-data.md'), 'utf8'),
).filter(({ language }) => ['json', 'js'].includes(language));

/** A picture of one colour, which tells where it comes from. */
function writePicture(file: string, [red, green, blue]: readonly [number, number, number]): void {
  const picture = new PNG({ width: 32, height: 32 });
  for (let i = 0; i < 32 * 32; i++) picture.data.set([red, green, blue, 255], 4 * i);
  writeFileSync(file, PNG.sync.write(picture));
}

workingFolder(() => {
  writeFileSync('package.json', manifest!.code);
  writeFileSync('dataset.js', dataset!.code);
  writeFileSync('index.js', index!.code);
  symlinkSync(join(ROOT, 'node_modules'), 'node_modules');
  for (const split of ['train', 'test']) {
    for (const [label, name] of ['rose', 'tulip'].entries()) {
      mkdirSync(join('images', split, name), { recursive: true });
      for (let i = 0; i < 2; i++) {
        writePicture(join('images', split, name, `${i}.png`), [255, 51 * label, 51 * i]);
      }
    }
  }
});

it('reads what lies in the folders', async () => {
  const container = createContainer({ cwd: ROOT, pluginFolders: [process.cwd()] });
  const { value } = findNamed('data set', container.resolveAll(DATASETS), 'flowers');
  const { train, test } = await value.open();
  expect([train.count, test.count]).toEqual([4, 4]);
  expect(await test.labels()).toEqual(Int32Array.of(0, 0, 1, 1));
  const { images, labels } = await train.read(Int32Array.of(3, 0));
  expect(images.shape).toEqual([2, 32, 32, 3]);
  expect([...labels.data]).toEqual([1, 0]);
  const pixels = [...images.data].map((value) => Math.round(value * 100) / 100);
  expect(pixels.slice(0, 6)).toEqual([1, -0.6, -0.6, 1, -0.6, -0.6]);
  expect(pixels.slice(-3)).toEqual([1, -1, -1]);
  await expect(train.read(Int32Array.of(4))).rejects.toThrow(RangeError);
  await container.dispose();
});

const TRAIN = 'train tokenizer --preset flowers-var --plugins-dir .'.split(' ');

it('is what a tokenizer can be trained on', async () => {
  const { code, stdout, stderr } = await runRefused([...TRAIN, '--dry-run']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('Would write: runs/NNNNN-tokenizer-flowers-var');
});

it('says what is missing, and which picture has another size', async () => {
  cpSync('images', 'other', { recursive: true });
  const container = createContainer({ cwd: ROOT, pluginFolders: [process.cwd()] });
  const { value } = findNamed('data set', container.resolveAll(DATASETS), 'flowers');
  await expect(value.open({ folder: 'nowhere' })).rejects.toThrow(
    'The pictures are missing: put them into "nowhere" as train/rose/1.png and so on.',
  );
  const large = new PNG({ width: 64, height: 32 });
  writeFileSync('other/train/rose/0.png', PNG.sync.write(large));
  const { train } = await value.open({ folder: 'other' });
  await expect(train.read(Int32Array.of(0))).rejects.toThrow('has 64×32 pixels: scale it');
  await container.dispose();
});
