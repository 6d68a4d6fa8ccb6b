import { joinResults, missingOf, type RunResult } from './run-result';

const result: RunResult = {
  version: 1,
  config: { samples: 4 },
  result: 'generator',
  rows: [
    { name: 'generator', evaluations: 1, values: { 'frechet-distance': 2 } },
    { name: 'teacher', values: { 'frechet-distance': 1 } },
  ],
  curve: [{ updates: 1, distance: 3 }],
  machine: { version: '1', node: '22', platform: 'p', processor: 'c' },
  times: { distillation: 5, report: 7 },
};
const rows = new Set(['generator', 'teacher']);

it('lacks rows and the path length of the generator, when a study asks for them', () => {
  expect(missingOf(undefined, { rows }, {})).toEqual({ rows, pathLength: undefined });
  expect(missingOf(result, { rows }, {})).toBeUndefined();
  expect(missingOf(result, { rows: undefined }, {})).toBeUndefined();
  expect(missingOf(result, { rows: new Set(['teacher', 'other']) }, {})).toEqual({
    rows: new Set(['other']),
    pathLength: undefined,
  });
  expect(missingOf(result, { rows }, { pathLength: 9 })).toEqual({
    rows: new Set(),
    pathLength: 9,
  });
  const tuned = { ...result, rows: result.rows.slice(1) };
  expect(missingOf(tuned, { rows: new Set(['teacher']) }, { pathLength: 9 })).toBeUndefined();
});

it('keeps what it had, and the seconds of its curve, beside what was measured since', () => {
  const length = { name: 'generator', values: { 'path-length': 4 } };
  const other = { name: 'other', values: { 'frechet-distance': 6 } };
  const now = {
    ...result,
    rows: [length, other],
    curve: [],
    machine: { ...result.machine, processor: 'slower' },
    times: { distillation: 8, report: 2 },
  };
  const joined = joinResults(result, now);
  expect(joined).toEqual({
    ...result,
    rows: [
      { name: 'generator', evaluations: 1, values: { 'frechet-distance': 2, 'path-length': 4 } },
      result.rows[1],
      other,
    ],
    times: { distillation: 5, report: 9 },
  });
  expect(missingOf(joined, { rows }, { pathLength: 9 })).toBeUndefined();
  expect(joinResults(undefined, result)).toEqual(result);
});
