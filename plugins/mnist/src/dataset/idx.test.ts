import { parseIdx } from './idx';

const VALID = Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6);

describe('parseIdx', () => {
  it('reads shape and values', () => {
    const { shape, data } = parseIdx(VALID, 'digits');
    expect(shape).toEqual([2, 3]);
    expect([...data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('reads a view that does not start at the beginning of its buffer', () => {
    const buffer = new Uint8Array(VALID.length + 5);
    buffer.set(VALID, 5);
    expect(parseIdx(buffer.subarray(5), 'digits').shape).toEqual([2, 3]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['a truncated file', VALID.subarray(0, -1), /digits holds 5 values where its header says 6/],
    ['a longer file', Uint8Array.of(...VALID, 9), /digits holds 7 values/],
    ['an incomplete header', VALID.subarray(0, 7), /header of digits is incomplete/],
    ['another element type', Uint8Array.of(0, 0, 13, 1, 0, 0, 0, 0), /IDX type 0xd/],
    ['another format', Uint8Array.of(80, 75, 3, 4), /digits is not an IDX file/],
    ['a compressed file', Uint8Array.of(0x1f, 0x8b, 8, 0), /gunzip/],
    ['an empty file', new Uint8Array(0), /digits is not an IDX file/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => parseIdx(bytes, 'digits')).toThrow(message);
  });
});
