import { differingNames } from './study-tables';

it('names settings with several values, and those that some cells of a method lack', () => {
  const cells = [
    { method: 'csd', batchSize: 32, seed: 0, sidAlpha: 1, emaDecay: 0.99 },
    { method: 'csd', batchSize: 32, seed: 0, sidAlpha: 1.2, emaDecay: 0.99, weight: 1 },
    { method: 'dd1', batchSize: 64, seed: 0, pairs: 100 },
    { method: 'dd1', batchSize: 64, seed: 0, pairs: 100, row: 'two steps' },
  ];
  expect(differingNames(cells)).toEqual(['method', 'batchSize', 'sidAlpha', 'weight', 'row']);
  expect(differingNames(cells.slice(0, 1))).toEqual([]);
});
