import { slerp } from './interpolation';

/** A vector of length `radius` at `degrees` in a plane. */
function at(degrees: number, radius = 1): Float32Array {
  const angle = (degrees * Math.PI) / 180;
  return Float32Array.of(radius * Math.cos(angle), radius * Math.sin(angle));
}

function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
}

describe('slerp', () => {
  it.each([0, 0.25, 0.5, 1])('goes %d of the angle on a circle', (share) => {
    expectClose(slerp(at(10, 3), at(130, 3), share), at(10 + 120 * share, 3));
  });

  it('is linear between parallel vectors', () => {
    expectClose(slerp(at(40, 1), at(40, 3), 0.25), at(40, 1.5));
  });

  it('stays as it is between zeros', () => {
    expectClose(slerp(new Float32Array(2), new Float32Array(2), 0.5), new Float32Array(2));
  });
});
