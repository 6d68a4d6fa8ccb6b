import { SMALL_SIZES, VqTokenizer, vqTokenizerSchema } from '@ar-distill/backbone-kit';
import { initializeParameters } from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import { hashRng } from '../core/hash-rng';

const sizes = { ...SMALL_SIZES, tokenizer: vqTokenizerSchema.parse(SMALL_SIZES.tokenizer) };
const layout = { channels: sizes.channels, stepLengths: [1, 1, 2] };
const ORDER = [2, 0, 3, 1];

beforeAll(() => tf.setBackend('cpu'));

function setUp() {
  const raster = new VqTokenizer(sizes, layout);
  const values = initializeParameters(raster.parameterSpecs, hashRng(2));
  const parameters = Object.fromEntries(
    Object.entries(values).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]),
  );
  return { raster, ordered: new VqTokenizer(sizes, layout, ORDER), parameters };
}

test('an order moves the tokens of the same cells, and decoding moves them back', () => {
  const { raster, ordered, parameters } = setUp();
  const images = tf.tensor(hashRng(3).normal('images', 0, 9 * 16), [9, 4, 4, 1]);
  const cells = raster.encode(parameters, images).arraySync() as number[][];
  expect(new Set(cells.flat()).size).toBeGreaterThan(2);
  expect(ordered.encode(parameters, images).arraySync()).toEqual(
    cells.map((row) => ORDER.map((cell) => row[cell])),
  );
  const decoded = (tokenizer: VqTokenizer): Float32Array => {
    const tokens = tokenizer.encode(parameters, images);
    const codes = tf.gather(tokenizer.codebook(parameters), tokens.toInt());
    return tokenizer.decode(parameters, codes).dataSync<'float32'>();
  };
  expect(decoded(ordered)).toEqual(decoded(raster));
});

test.each([
  [{ ...layout, stepLengths: [1, 2] }, undefined, 'A layout of 3 tokens does not fit'],
  [layout, [0, 1, 2], 'must hold each of the cells 0 to 3 once.'],
  [layout, [0, 1, 2, 2], 'must hold each of the cells 0 to 3 once.'],
  [layout, [0, 1, 2, 4], 'must hold each of the cells 0 to 3 once.'],
])('refuses a layout or an order that does not fit: %j %j', (own, order, sentence) => {
  expect(() => new VqTokenizer(sizes, own, order)).toThrow(sentence);
});

test.each([
  [{ imageSize: 5 }, 'a whole number of tokens in a row, not 2.5 (imageSize / 2^1).'],
  [{ groups: 3 }, 'The groups must divide the channels of every level.'],
])('the schema refuses %j', (change, sentence) => {
  const { error } = vqTokenizerSchema.safeParse({ ...SMALL_SIZES.tokenizer, ...change });
  expect(error?.issues.map(({ message }) => message)).toEqual([expect.stringContaining(sentence)]);
});
