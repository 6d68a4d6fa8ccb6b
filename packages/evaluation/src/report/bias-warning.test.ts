import { biasWarning } from './bias-warning';

const row = (name: string, distance: number, bias?: number) => ({
  name,
  values: {
    'frechet-distance': distance,
    ...(bias === undefined ? {} : { 'frechet-distance.bias': bias }),
  },
});

it('names the neighbours that differ by less than the bias', () => {
  const rows = [row('far', 5, 0.2), row('best', 1, 0.1), row('second', 1.14, 0.15)];
  expect(biasWarning(rows, 'FD', 10_000)).toBe(
    'With 10,000 samples the FD is too large by up to 0.15, which exceeds the differences of ' +
      '"best" and "second" (0.14): take more samples to tell them apart.',
  );
});

it('says nothing of rows further apart, or whose bias is not known', () => {
  expect(biasWarning([row('a', 1, 0.1), row('b', 1.2, 0.1)], 'FD', 100)).toBeUndefined();
  expect(biasWarning([row('a', 1), row('b', 1.01, 0.1)], 'FD', 100)).toBeUndefined();
  expect(biasWarning([{ name: 'a' }], 'FD', 100)).toBeUndefined();
});
