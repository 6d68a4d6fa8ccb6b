import { toImages, toLabels, type LabeledImages } from './labeled-images';

const SET: LabeledImages = {
  count: 2,
  height: 2,
  width: 2,
  images: Uint8Array.of(0, 255, 51, 102, 255, 255, 255, 255),
  labels: Uint8Array.of(7, 3),
};

describe('toImages', () => {
  it('scales to [−1, 1] and centres on background', () => {
    const { shape, data } = toImages(SET, [0], 4);
    expect(shape).toEqual([1, 4, 4, 1]);
    const expected = [-1, -1, -1, -1, -1, -1, 1, -1, -1, -0.6, -0.2, -1, -1, -1, -1, -1];
    expect([...data].map((value) => Math.round(value * 1e6) / 1e6)).toEqual(expected);
  });

  it('takes images in the order asked for, and all without an order', () => {
    expect([...toImages(SET, [1, 0], 2).data].slice(0, 4)).toEqual([1, 1, 1, 1]);
    expect(toImages(SET, undefined, 2).shape).toEqual([2, 2, 2, 1]);
    expect([...toLabels(SET, [1, 0, 1])]).toEqual([3, 7, 3]);
    expect([...toLabels(SET)]).toEqual([7, 3]);
  });

  it('refuses numbers outside the set and too small targets', () => {
    expect(() => toImages(SET, [2])).toThrow('Image 2 is outside the set of 2.');
    expect(() => toLabels(SET, [-1])).toThrow('Image -1 is outside the set of 2.');
    expect(() => toImages(SET, [0], 1)).toThrow('Images of 2×2 pixels do not fit into 1×1.');
  });
});
