import { type GreyImages, GreyImageSplit } from './grey-images';

const SET: GreyImages = {
  count: 2,
  height: 2,
  width: 2,
  images: Uint8Array.of(0, 255, 51, 102, 255, 255, 255, 255),
  labels: Uint8Array.of(7, 3),
};

describe('GreyImageSplit', () => {
  it('scales to [−1, 1] and centres on background', async () => {
    const { images } = await new GreyImageSplit(SET, 4).read(Int32Array.of(0));
    expect(images.shape).toEqual([1, 4, 4, 1]);
    const expected = [-1, -1, -1, -1, -1, -1, 1, -1, -1, -0.6, -0.2, -1, -1, -1, -1, -1];
    expect([...images.data].map((value) => Math.round(value * 1e6) / 1e6)).toEqual(expected);
  });

  it('takes images and classes in the order asked for', async () => {
    const split = new GreyImageSplit(SET, 2);
    const { images, labels } = await split.read(Int32Array.of(1, 0, 1));
    expect(images.shape).toEqual([3, 2, 2, 1]);
    expect([...images.data.subarray(0, 4)]).toEqual([1, 1, 1, 1]);
    expect(labels).toEqual({ shape: [3], dtype: 'int32', data: Int32Array.of(3, 7, 3) });
    expect(split.count).toBe(2);
    expect(await split.labels()).toEqual(Int32Array.of(7, 3));
  });

  it('refuses numbers outside the set and too small targets', async () => {
    const split = new GreyImageSplit(SET, 2);
    await expect(split.read(Int32Array.of(2))).rejects.toThrow('Image 2 is outside the set of 2.');
    await expect(split.read(Int32Array.of(-1))).rejects.toThrow(
      'Image -1 is outside the set of 2.',
    );
    expect(() => new GreyImageSplit(SET, 1)).toThrow('Images of 2×2 pixels do not fit into 1×1.');
  });
});
