import { normalized, parseRecord } from './wheel-record';

// The checksum of an empty file, as RECORD has it and as everybody else has it.
const EMPTY = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU';
const HEX = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

it('reads paths, checksums and sizes', () => {
  const record = parseRecord(
    `a/b.so.2,sha256=${EMPTY},0\r\n"a/with, comma.h",sha256=${EMPTY}=,0\na/RECORD,,\n`,
  );
  expect([...record]).toEqual([
    ['a/b.so.2', { sha256: HEX, bytes: 0 }],
    ['a/with, comma.h', { sha256: HEX, bytes: 0 }],
  ]);
});

it.each(['../outside', '/etc/passwd', 'a/../../b'])('leaves out "%s"', (path) => {
  expect(parseRecord(`${path},sha256=${EMPTY},0`).size).toBe(0);
});

it('writes names as files have them', () => {
  expect(normalized('TensorFlow-CPU')).toBe('tensorflow_cpu');
});
