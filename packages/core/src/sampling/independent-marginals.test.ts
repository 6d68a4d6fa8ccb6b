import { float32, int32 } from '@ar-distill/program';
import {
  independentMarginals,
  type LabeledSequences,
  type MarginalNoise,
} from './independent-marginals';

const NOISE: MarginalNoise = {
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
function pool(count: number): LabeledSequences {
  const data = Float32Array.from({ length: count * POSITIONS * 2 }, (_, k) =>
    k % 2 ? Math.floor(k / 2) % POSITIONS : Math.floor(k / 2 / POSITIONS),
  );
  return {
    sequences: float32([count, POSITIONS, 2], data),
    labels: int32(
      [count],
      Int32Array.from({ length: count }, (_, i) => i % 2),
    ),
  };
}
const SMALL = { minimumPerClass: 3 };

describe('independentMarginals', () => {
  it('takes every position from another sample of the class, at its own place', () => {
    const labels = Int32Array.from({ length: 200 }, (_, i) => (i >> 1) % 2);
    const { shape, data } = independentMarginals(pool(8), labels, NOISE, SMALL);
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
    const { data } = independentMarginals(pool(8), new Int32Array(count), NOISE, SMALL);
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
    const whole = independentMarginals(pool(8), new Int32Array(4), NOISE, SMALL);
    const second = independentMarginals(pool(8), new Int32Array(2), NOISE, {
      ...SMALL,
      firstIndex: 2,
    });
    expect([...second.data]).toEqual([...whole.data].slice(2 * POSITIONS * 2));
  });

  it('refuses pools that are too small or have another shape', () => {
    expect(() => independentMarginals(pool(8), Int32Array.of(1), NOISE)).toThrow(
      'The pool has 4 samples of class 1 where 1000 are needed: draw a larger pool.',
    );
    expect(() => independentMarginals(pool(8), Int32Array.of(5), NOISE, SMALL)).toThrow(
      /0 samples of class 5 where 3/,
    );
    const flat = { ...pool(2), sequences: float32([2, 6], new Float32Array(12)) };
    expect(() => independentMarginals(flat, Int32Array.of(0), NOISE)).toThrow(/not \[2, 6\]/);
  });
});
