import { float32, type HostTensor, type HostTensors, int32 } from '@ar-distill/program';
import { compareArrays, compareSpecs, compareTokens } from './compare';

const floats = (...values: number[]) => float32([values.length], Float32Array.from(values));
const tokens = (...values: number[]) => int32([2, values.length / 2], Int32Array.from(values));
const gaps = (...values: number[]) => float32([2, values.length / 2], Float32Array.from(values));

it('measures arrays by their largest value', () => {
  expect(compareArrays('x', floats(1, -4.0001), floats(1, -4)).error).toBeCloseTo(2.5e-5, 6);
  expect(compareArrays('x', floats(1, -4.0001), floats(1, -4)).ok).toBe(true);
  expect(compareArrays('x', floats(1.01, -4), floats(1, -4)).ok).toBe(false);
  expect(compareArrays('x', floats(NaN, -4), floats(1, -4)).ok).toBe(false);
  expect(compareArrays('x', floats(1), floats(1, -4))).toMatchObject({ ok: false });
  expect(compareArrays('x', floats(0), floats(0))).toMatchObject({ ok: true, error: 0 });
});

it('wants equal tokens except after a tie', () => {
  const official = tokens(1, 2, 3, 4, 5, 6);
  const compare = (own: HostTensor, ...gap: number[]) =>
    compareTokens('greedy_tokens', own, { greedy_tokens: official, greedy_gaps: gaps(...gap) });
  expect(compare(official, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1)).toEqual({
    name: 'greedy_tokens',
    ok: true,
    error: 0,
  });
  const other = tokens(1, 7, 8, 4, 5, 6);
  expect(compare(other, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1)).toMatchObject({
    ok: false,
    remark: 'row 0, token 1 differs at a gap of 1.0e-1',
  });
  expect(compare(other, 0.1, 1e-6, 0.1, 0.1, 0.1, 0.1)).toMatchObject({
    ok: true,
    remark: 'row 0, token 1 is a tie (gap 1.0e-6)',
  });
  expect(compare(other, 0.1, NaN, 0, 0, 0, 0).ok).toBe(false);
});

it('wants the same names and shapes', () => {
  const init = { kind: 'zeros' } as const;
  const specs = { a: { shape: [2], init } };
  const compare = (weights: HostTensors) => compareSpecs(specs, weights, /^buffer$/);
  expect(compare({ a: floats(1, 2), buffer: floats(0) })).toMatchObject({ ok: true });
  expect(compare({ a: floats(1), b: floats(1) })).toMatchObject({
    ok: false,
    remark: 'a is [2] here, [1]; b is not declared here',
  });
  expect(compare({})).toMatchObject({ ok: false, remark: 'a is [2] here, missing' });
});
