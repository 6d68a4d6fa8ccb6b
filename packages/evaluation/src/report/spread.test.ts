import { compareSpreads, spreadOf } from './spread';

it('has the mean and the deviation of a sample', () => {
  expect(spreadOf([1, 2, 3])).toEqual({ mean: 2, deviation: 1, count: 3 });
  expect(spreadOf([4])).toEqual({ mean: 4, deviation: undefined, count: 1 });
  expect(spreadOf([])).toBeUndefined();
});

it.each([
  [[1, 2, 3], [2, 3, 4], 'none'],
  [[1, 2, 3], [2.1, 3.1, 4.1], 'better'],
  [[2.1, 3.1, 4.1], [1, 2, 3], 'worse'],
  [[1, 1, 1], [0, 3, 6], 'none'],
  [[1], [5, 6], 'unknown'],
])('calls %j, where lower is better, to %j %s', (values, reference, expected) => {
  const [spread, other] = [spreadOf(values)!, spreadOf(reference)!];
  expect(compareSpreads(spread, other, 'lower')).toBe(expected);
  const opposite = { better: 'worse', worse: 'better' }[expected] ?? expected;
  expect(compareSpreads(spread, other, 'higher')).toBe(opposite);
});
