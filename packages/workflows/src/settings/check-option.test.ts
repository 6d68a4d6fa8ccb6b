import { InvalidOptionError } from '../errors';
import { checkCount } from './check-option';

it.each([0, -1, 1.5, NaN, 2 ** 60])('refuses %p images', (count) => {
  expect(() => checkCount('The number of images', count)).toThrow(InvalidOptionError);
});

it('refuses more images than any memory holds, before they are drawn', () => {
  expect(() => checkCount('The number of images', 1e9)).toThrow(
    'The number of images can be 10000000 at most, not 1000000000: ask for fewer.',
  );
  expect(() => checkCount('The number of images', 50_000)).not.toThrow();
});
