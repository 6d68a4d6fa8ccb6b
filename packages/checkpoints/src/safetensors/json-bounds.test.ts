import { checkJsonBounds } from './json-bounds';

it.each([
  ['{}', { depth: 1, items: 1 }],
  ['[[], [1, 2]]', { depth: 2, items: 5 }],
  ['{"a": {"b": 1}, "c": [1]}', { depth: 2, items: 7 }],
  // Nothing inside of a text counts, with quotation marks and backslashes in it.
  [String.raw`{"[[{{,,::": "\"[[\\"}`, { depth: 1, items: 2 }],
])('counts what %s unfolds to', (text, { depth, items }) => {
  expect(() => checkJsonBounds(text, { depth, items })).not.toThrow();
  expect(() => checkJsonBounds(text, { depth: depth - 1, items })).toThrow(
    `nested deeper than ${depth - 1} levels`,
  );
  expect(() => checkJsonBounds(text, { depth, items: items - 1 })).toThrow(
    `more than ${items - 1} keys and items`,
  );
});

it('ends on texts without an end', () => {
  expect(() => checkJsonBounds('"abc\\')).not.toThrow();
  expect(() => checkJsonBounds('{"a":'.repeat(100))).toThrow('nested deeper than 64 levels');
});
