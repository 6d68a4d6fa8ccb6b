import type { MeasuredCell } from './measured-cell';
import type { RunResult } from './run-result';
import { curveBlocks } from './study-curves';

type Curve = RunResult['curve'];

function cellOf(name: string, ...curves: readonly Curve[]): MeasuredCell {
  const results = curves.map((curve) => ({
    version: 1 as const,
    config: {},
    rows: [],
    curve,
    machine: { version: '', node: '', platform: '', processor: '' },
    times: {},
  }));
  const planned = { preset: 'p', name, row: undefined, isGenerator: true, runs: [] };
  return { planned, results, metrics: new Map() };
}

const slow = cellOf(
  'slow',
  [
    { updates: 1, seconds: 50, distance: 8 },
    { updates: 2, seconds: 100, distance: 3 },
  ],
  [
    { updates: 1, seconds: 70, distance: 10 },
    { updates: 2, seconds: 140, distance: 5 },
  ],
);
const fast = cellOf('fast', [
  { updates: 10, seconds: 20, distance: 6 },
  { updates: 20, seconds: 30, distance: 4 },
  { updates: 30, seconds: 40, distance: 2 },
]);
const poor = cellOf('poor', [{ updates: 1, seconds: 5, distance: 9 }]);

const compare = { reference: 'slow', metric: 'frechet-distance', better: 'lower' } as const;

it('tells how long every cell takes to where the reference ends', () => {
  const blocks = curveBlocks([slow, fast, poor, cellOf('without')], { compare, timed: true });
  expect(blocks.map(({ kind }) => kind)).toEqual(['chart', 'chart', 'table']);
  const [, , last] = blocks;
  if (last?.kind !== 'table') throw new Error('The last block is a table.');
  // The mean of slow ends at a distance of 4 after 120 s.
  expect(last.table.rows).toEqual([
    ['slow', '120', '120', '1.00'],
    ['fast', '40.0', '30.0', '4.00'],
    ['poor', '5.00', 'never', '–'],
  ]);
});

it('shows curves over updates where seconds are not known or not compared, and nothing without curves', () => {
  const untimed = cellOf('untimed', [{ updates: 1, distance: 3 }]);
  const kindsOf = (cells: readonly MeasuredCell[], timed: boolean): string[] =>
    curveBlocks(cells, { compare, timed }).map(({ kind }) => kind);
  expect(kindsOf([untimed], true)).toEqual(['chart']);
  expect(kindsOf([cellOf('without')], true)).toEqual([]);
  expect(kindsOf([slow, fast], false)).toEqual(['chart']);
});
