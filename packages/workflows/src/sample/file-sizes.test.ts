import { InvalidOptionError } from '../errors';
import { checkFileSizes } from './file-sizes';

it.each([
  // 2^32 bytes in all pixels of four bytes, and 2^31 in the bytes of an array.
  ['a picture', { out: 'a.png' }, [32, 32, 1], 2 ** 20],
  ['a picture in colour', { out: 'a.png' }, [256, 256, 3], 2 ** 14],
  ['an archive', { npz: 'a.npz' }, [32, 32, 1], 2 ** 21],
  ['an archive of two values', { npz: 'a.npz' }, [16, 16, 2], 2 ** 22],
  ['both', { out: 'a.png', npz: 'b.npz' }, [32, 32, 1], 2 ** 20],
] as const)('refuses more images than %s can hold', (_what, files, shape, first) => {
  const refused = (): void => checkFileSizes(files, first, shape);
  expect(refused).toThrow(InvalidOptionError);
  expect(refused).toThrow(
    `can hold ${first - 1} images of ${shape[0]}×${shape[1]} pixels, not ${first}:`,
  );
  expect(() => checkFileSizes(files, first - 1, shape)).not.toThrow();
  expect(() => checkFileSizes({}, first, shape)).not.toThrow();
});
