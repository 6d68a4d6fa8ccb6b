import { unzipSync, zipSync } from 'fflate';
import { atomicWriteFile, openPlainFile } from '@ar-distill/checkpoints';
import { bytesOfPixels, pixelsOfBytes } from '@ar-distill/core';
import { float32, type HostTensor } from '@ar-distill/program';
import { decodeNpy, encodeNpy, type NpyArray } from './npy';

const EXTENSION = '.npy';
/** Bytes that a file, or an array in it, may have. */
const MAX_BYTES = 2 ** 31 - 1;
/**
 * Compressed zeros could turn a small file into any amount of memory. Images of flat colours are
 * compressed to a tenth; small files may do better.
 */
const MAX_EXPANSION = 16;
const FREE_BYTES = 32 * 2 ** 20;
/** The names that arrays of images and of classes have, here and in ADM's evaluator. */
const IMAGES = ['images', 'arr_0'];
const LABELS = ['labels', 'arr_1'];

/** Writes named arrays as an .npz file that `numpy.load` reads (compressed). */
export async function writeNpz(
  file: string,
  arrays: Readonly<Record<string, NpyArray>>,
): Promise<void> {
  const entries = Object.entries(arrays).map(([name, array]) => [
    `${name}${EXTENSION}`,
    encodeNpy(array),
  ]);
  // A fixed time makes equal arrays equal files; zip keeps local times, from 1980 on.
  const mtime = new Date(1980, 0, 1);
  await atomicWriteFile(file, zipSync(Object.fromEntries(entries), { mtime }));
}

/**
 * Reads arrays of an .npz file; others than the named ones (default: all) are not unpacked.
 * @throws Error naming the file or the array that is damaged, there twice, or larger than can be read or
 *   than so small a file may unfold to.
 */
export async function readNpz(
  file: string,
  names?: readonly string[],
): Promise<Record<string, NpyArray>> {
  const bytes = await readWhole(file);
  let entries: Record<string, Uint8Array>;
  let tooLarge: string | undefined;
  const allowed = MAX_EXPANSION * bytes.length + FREE_BYTES;
  let unpacked = 0;
  let twice: string | undefined;
  const seen = new Set<string>();
  try {
    entries = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        const isWanted = names ? names.some((one) => name === `${one}${EXTENSION}`) : true;
        if (!isWanted || !name.endsWith(EXTENSION)) return false;
        if (seen.has(name)) twice = name;
        seen.add(name);
        if (originalSize > MAX_BYTES) tooLarge = name;
        unpacked += originalSize;
        return originalSize <= MAX_BYTES && unpacked <= allowed;
      },
    });
  } catch (cause) {
    throw new Error(`${file} is not an .npz file: write it with numpy.savez.`, { cause });
  }
  if (tooLarge !== undefined) {
    throw new Error(`${tooLarge} of ${file} is larger than 2 GiB: split it into several files.`);
  }
  if (twice !== undefined) {
    throw new Error(`${file} has two arrays ${twice}: write it with numpy.savez.`);
  }
  if (unpacked > allowed) {
    throw new Error(
      `The ${bytes.length} bytes of ${file} would unfold to ${unpacked}: write its arrays with numpy.savez, which does not compress them.`,
    );
  }
  return Object.fromEntries(
    Object.entries(entries)
      .filter(([name]) => name.endsWith(EXTENSION))
      .map(([name, content]) => [
        name.slice(0, -EXTENSION.length),
        decodeNpy(content, `${name} of ${file}`),
      ]),
  );
}

async function readWhole(file: string): Promise<Uint8Array> {
  const handle = await openPlainFile(file);
  try {
    if ((await handle.stat()).size > MAX_BYTES) {
      throw new Error(`${file} is larger than 2 GiB: split it into several files.`);
    }
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/**
 * Writes images [N, H, W, C] in [−1, 1] as uint8 under `images`, and their classes [N], when they
 * have any, as int32 under `labels`.
 */
export async function writeImagesNpz(
  file: string,
  images: HostTensor,
  labels?: Int32Array,
): Promise<void> {
  if (images.dtype !== 'float32' || images.shape.length !== 4) {
    throw new RangeError(
      `Images to write are float32 [N, H, W, C], not ${images.dtype} [${images.shape.join(', ')}].`,
    );
  }
  if (labels && labels.length !== images.shape[0]) {
    throw new RangeError(`${images.shape[0]} images cannot have ${labels.length} labels.`);
  }
  await writeNpz(file, {
    images: { shape: images.shape, data: bytesOfPixels(images.data) },
    ...(labels ? { labels: { shape: [labels.length], data: labels } } : {}),
  });
}

/**
 * Reads images and classes for evaluation: `images` (or `arr_0`, as ADM's evaluator names them)
 * uint8 [N, H, W, C] → [−1, 1], and `labels` (or `arr_1`) [N] when present. Nothing else of the file is
 * unpacked.
 * @throws Error when there are no such images, or the counts differ.
 */
export async function readImagesNpz(
  file: string,
): Promise<{ images: HostTensor; labels?: Int32Array }> {
  const arrays = await readNpz(file, [...IMAGES, ...LABELS]);
  const named = (names: readonly string[]): NpyArray | undefined =>
    names.map((name) => arrays[name]).find((array) => array !== undefined);
  const images = named(IMAGES);
  if (!images || images.shape.length !== 4 || !(images.data instanceof Uint8Array)) {
    throw new Error(`${file} holds no array "images" of uint8 [N, H, W, C].`);
  }
  const floats = float32(images.shape, pixelsOfBytes(images.data));
  const labels = named(LABELS);
  if (!labels) return { images: floats };
  if (labels.data.length !== images.shape[0]) {
    throw new Error(`${file} holds ${images.shape[0]} images but ${labels.data.length} labels.`);
  }
  return { images: floats, labels: Int32Array.from(labels.data) };
}
