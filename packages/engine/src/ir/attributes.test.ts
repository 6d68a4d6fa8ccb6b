import { attributesKey } from './attributes';
import { GraphBuilder } from './graph-builder';
import type { Attribute, Attributes, Value } from './types';

const different: [string, Attribute, Attribute][] = [
  ['−∞ and ∞', -Infinity, Infinity],
  ['∞ and NaN', Infinity, NaN],
  ['NaN and null', NaN, null],
  ['∞ and null', Infinity, null],
  ['0 and −0', 0, -0],
  ['0 and false', 0, false],
  ['a number and its text', 1, '1'],
  ['null and its text', null, 'null'],
  ['undefined and its text', undefined, 'undefined'],
  ['NaN and its text', NaN, 'NaN'],
  ['undefined and null', undefined, null],
  ['undefined and null in a list', [undefined], [null]],
  ['NaN and null in a list', [NaN], [null]],
  ['0 and −0 in a list of lists', [[0, 1]], [[-0, 1]]],
  ['a list and its only element', [1], 1],
  ['a list and its text', [1, 2], '[1,2]'],
  ['nested lists', [[1], [2]], [[1, 2]]],
  ['one text and two', ['a","b'], ['a', 'b']],
];

/** Whether two calls of one kernel on one operand become one node. */
function merges(a: Attributes, b: Attributes): boolean {
  const builder = new GraphBuilder();
  const type = { shape: [2], dtype: 'float32' } as const;
  const x = builder.edge('input', 'x', type);
  const add = (attributes: Attributes): Value =>
    builder.node('PadV2', { x }, attributes, [type])[0]!;
  return add(a) === add(b);
}

test.each(different)('%s are different nodes', (_, a, b) => {
  expect(merges({ value: a }, { value: b })).toBe(false);
  expect(merges({ value: a }, { value: a })).toBe(true);
  expect(merges({ value: b }, { value: b })).toBe(true);
});

test('names and values are not mixed up', () => {
  expect(merges({ a: 1, b: 2 }, { a: 2, b: 1 })).toBe(false);
  expect(merges({ 'a=1,b': 2 }, { a: 1, b: 2 })).toBe(false);
});

test('typed arrays are neither lists nor each other', () => {
  const kinds: unknown[] = [
    [1, 2],
    Float32Array.of(1, 2),
    Int32Array.of(1, 2),
    Uint8Array.of(1, 2),
  ];
  const keys = kinds.map((value) => attributesKey({ value: value as Attribute }));
  expect(new Set(keys).size).toBe(kinds.length);
  const [negative, positive] = [-0, 0].map((value) => Float32Array.of(value) as unknown);
  expect(merges({ value: negative as Attribute }, { value: positive as Attribute })).toBe(false);
});

test('the order of the names and names without a value make no difference', () => {
  expect(merges({ axis: 1, keepDims: true }, { keepDims: true, axis: 1 })).toBe(true);
  expect(merges({ axis: 1 }, { axis: 1, keepDims: undefined })).toBe(true);
});

test('what has no text is refused by name', () => {
  const attributes: Record<string, unknown> = { axis: 1, activation: () => 1 };
  expect(() => attributesKey(attributes as Attributes)).toThrow(
    'The attribute "activation" must be a number, a string, a boolean or a list of them, not a function.',
  );
});
