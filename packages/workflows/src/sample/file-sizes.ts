import { InvalidOptionError } from '../errors';

/** Bytes of a picture's pixels, four each, that buffers of all versions of Node hold. */
const MAX_PICTURE_BYTES = 2 ** 32 - 1;
/** Bytes of an array that can be read from an archive again. */
const MAX_ARRAY_BYTES = 2 ** 31 - 1;

/** Files that images are written to. */
export interface ImageFiles {
  /** PNG picture of all images. */
  readonly out?: string | undefined;
  /** NumPy archive. */
  readonly npz?: string | undefined;
}

/**
 * Checks that files can hold `count` images [height, width, channels], before these are drawn.
 * @throws InvalidOptionError naming the file, and how many images it can hold.
 */
export function checkFileSizes(
  { out, npz }: ImageFiles,
  count: number,
  [height, width, channels]: readonly [number, number, number],
): void {
  const files = [
    { file: out, most: Math.floor(MAX_PICTURE_BYTES / (4 * height * width)) },
    { file: npz, most: Math.floor(MAX_ARRAY_BYTES / (channels * height * width)) },
  ];
  const small = files.find(({ file, most }) => file !== undefined && count > most);
  if (small === undefined) return;
  throw new InvalidOptionError(
    `"${small.file}" can hold ${small.most} images of ${height}×${width} pixels, not ${count}: ask for fewer at a time, with another seed each.`,
    { options: ['count'] },
  );
}
