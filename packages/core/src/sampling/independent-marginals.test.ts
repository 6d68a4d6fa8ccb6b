import { float32, type Rng } from '@ar-distill/program';
import { classCondition, ofClasses, UNCONDITIONAL } from '../model/condition';
import {
  independentMarginals,
  smallestMarginalPool,
  whyNoMarginals,
} from './independent-marginals';

const NOISE: Pick<Rng, 'uniform'> = {
  uniform: (_stream, index, count) => {
    let state = (index * 7919 + 1) >>> 0;
    return Float32Array.from({ length: count }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state >>> 8) / 2 ** 24;
    });
  },
};
const POSITIONS = 3;

/** Sample i of the pool holds (i, position) at every position; classes alternate. */
function pool(count: number) {
  const data = Float32Array.from({ length: count * POSITIONS * 2 }, (_, k) =>
    k % 2 ? Math.floor(k / 2) % POSITIONS : Math.floor(k / 2 / POSITIONS),
  );
  return {
    sequences: float32([count, POSITIONS, 2], data),
    condition: ofClasses(Int32Array.from({ length: count }, (_, i) => i % 2)),
  };
}
const SMALL = { minimum: 3 };
/** Samples of the given classes. */
const of = (labels: Int32Array) => ({ condition: ofClasses(labels), count: labels.length });

describe('independentMarginals', () => {
  it('takes every position from another sample of the class, at its own place', () => {
    const labels = Int32Array.from({ length: 200 }, (_, i) => (i >> 1) % 2);
    const { shape, data } = independentMarginals(pool(8), { ...of(labels), ...SMALL }, NOISE);
    expect(shape).toEqual([200, POSITIONS, 2]);
    labels.forEach((label, i) => {
      const donors = new Set<number>();
      for (let position = 0; position < POSITIONS; position++) {
        const donor = data[(i * POSITIONS + position) * 2]!;
        expect(donor % 2).toBe(label);
        expect(data[(i * POSITIONS + position) * 2 + 1]).toBe(position);
        donors.add(donor);
      }
      expect(donors.size).toBe(POSITIONS);
    });
  });

  it('keeps the marginals and has no dependence between positions', () => {
    const count = 6000;
    const samples = { ...of(new Int32Array(count)), ...SMALL };
    const { data } = independentMarginals(pool(8), samples, NOISE);
    const marginal = new Float64Array(POSITIONS * 4);
    const pairs = new Float64Array(16);
    for (let i = 0; i < count; i++) {
      const donors = [0, 1, 2].map((position) => data[(i * POSITIONS + position) * 2]! / 2);
      donors.forEach((donor, position) => marginal[position * 4 + donor]!++);
      pairs[donors[0]! * 4 + donors[2]!]!++;
    }
    for (const value of marginal) expect(Math.abs(value / count - 1 / 4)).toBeLessThan(0.03);
    // Distinct donors: all twelve ordered pairs are equally likely.
    pairs.forEach((value, i) =>
      expect(Math.abs(value / count - (i % 5 === 0 ? 0 : 1 / 12))).toBeLessThan(0.02),
    );
  });

  it('depends on the number of the sample, not on the batch', () => {
    const whole = independentMarginals(pool(8), { ...of(new Int32Array(4)), ...SMALL }, NOISE);
    const second = independentMarginals(
      pool(8),
      { ...of(new Int32Array(2)), ...SMALL, firstSample: 2 },
      NOISE,
    );
    expect([...second.data]).toEqual([...whole.data].slice(2 * POSITIONS * 2));
  });

  it('groups by any condition, and takes the whole pool without one', () => {
    const { sequences } = pool(8);
    // Rows 0, 3 and 6 have one pair of features, the others another one.
    const features = Float32Array.from({ length: 16 }, (_, k) => ((k >> 1) % 3 ? 0.5 : k % 2));
    const condition = { features: float32([8, 2], features) };
    const asked = { features: float32([2, 2], Float32Array.of(0.5, 0.5, 0, 1)) };
    const donors = independentMarginals(
      { sequences, condition },
      { condition: asked, count: 2, ...SMALL },
      NOISE,
    ).data.filter((_, k) => k % 2 === 0);
    expect([...donors].map((donor) => donor % 3 === 0)).toEqual([
      ...[false, false, false],
      ...[true, true, true],
    ]);
    const any = independentMarginals(
      { sequences, condition: {} },
      { condition: {}, count: 200, minimum: 8 },
      NOISE,
    );
    expect(new Set(any.data.filter((_, k) => k % 2 === 0)).size).toBe(8);
    expect(() =>
      independentMarginals(
        { sequences, condition },
        { condition: { features: float32([1, 2], Float32Array.of(7, 7)) }, count: 1, ...SMALL },
        NOISE,
      ),
    ).toThrow('0 samples of the condition of sample 0 where 3 are needed');
  });

  it('refuses pools that are too small or have another shape', () => {
    expect(() => independentMarginals(pool(8), of(Int32Array.of(1)), NOISE)).toThrow(
      'The pool has 4 samples of class 1 where 1000 are needed: draw a larger pool.',
    );
    expect(() =>
      independentMarginals(pool(8), { ...of(Int32Array.of(5)), ...SMALL }, NOISE),
    ).toThrow(/0 samples of class 5 where 3/);
    const flat = { ...pool(2), sequences: float32([2, 6], new Float32Array(12)) };
    expect(() => independentMarginals(flat, of(Int32Array.of(0)), NOISE)).toThrow(/not \[2, 6\]/);
  });
});

describe('smallestMarginalPool', () => {
  it.each([
    ['one class', classCondition(1), 3, 5],
    ['three classes', classCondition(3), 4, 100],
    ['fewer samples than classes', classCondition(7), 3, 4],
    ['no condition', UNCONDITIONAL, 5, 9],
  ])('is the first that has them all: %s', (_, space, positions, count) => {
    const isEnough = (size: number): boolean =>
      whyNoMarginals(
        { sequences: { shape: [size, positions, 2] }, condition: space.inTurn(0, size) },
        { condition: space.inTurn(0, count), count, minimum: 1 },
      ) === undefined;
    let size = 1;
    while (!isEnough(size)) size++;
    expect(smallestMarginalPool(space, positions, count)).toBe(size);
  });

  it('is not known where conditions are no classes', () => {
    const values = { features: { shape: [2], dtype: 'float32' as const } };
    expect(smallestMarginalPool({ values }, 3, 10)).toBeUndefined();
  });
});
