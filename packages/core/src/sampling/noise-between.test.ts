import type { Rng } from '@ar-distill/program';
import { noiseBetween } from './noise-between';

/** A vector of length `radius` at `degrees` in a plane. */
function at(degrees: number, radius = 1): Float32Array {
  const angle = (degrees * Math.PI) / 180;
  return Float32Array.of(radius * Math.cos(angle), radius * Math.sin(angle));
}

/** Noise of given vectors, by the number of the sample; tokens are the numbers from `first` on. */
function source(vectors: readonly Float32Array[], first = 0): Rng {
  return {
    seed: first,
    normal: (_stream, sample) => vectors[sample]!,
    uniform: (_stream, _sample, count) => new Float32Array(count),
    integers: (_stream, sample, count) => new Int32Array(count).fill(first + sample),
  };
}

function between(a: Float32Array, b: Float32Array, share: number): Float32Array {
  const place = { index: 0, share };
  return noiseBetween(source([a]), source([b]), () => place).normal('noise', 5, 2);
}

function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
}

describe('noiseBetween', () => {
  it.each([0, 0.25, 0.5, 1])('goes %d of the angle on a circle', (share) => {
    expectClose(between(at(10, 3), at(130, 3), share), at(10 + 120 * share, 3));
  });

  it('is linear between parallel vectors', () => {
    expectClose(between(at(40, 1), at(40, 3), 0.25), at(40, 1.5));
  });

  it('stays as it is between zeros', () => {
    expectClose(between(new Float32Array(2), new Float32Array(2), 0.5), new Float32Array(2));
  });

  it('takes every sample from its place, and tokens from the first source', () => {
    const [a, b] = [source([at(0), at(90)], 10), source([at(90), at(0)], 20)];
    const rng = noiseBetween(a, b, (sample) => ({ index: sample % 2, share: sample < 2 ? 0 : 1 }));
    expectClose(rng.normal('noise', 1, 2), at(90));
    expectClose(rng.normal('noise', 3, 2), at(0));
    expect([...rng.integers('tokens', 3, 2, 50)]).toEqual([11, 11]);
  });
});
