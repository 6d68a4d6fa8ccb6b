import { mergeTrees, treeOf, type Tree } from './merge';

describe('mergeTrees', () => {
  it('merges objects at every depth and replaces everything else', () => {
    const under = { a: { b: { c: 1, d: 2 }, list: [1, 2, 3] }, kept: true, gone: { x: 1 } };
    const over = { a: { b: { c: 9 }, list: [4] }, gone: null, added: 'text' };
    expect(mergeTrees(under, over)).toEqual({
      a: { b: { c: 9, d: 2 }, list: [4] },
      kept: true,
      gone: null,
      added: 'text',
    });
  });

  it.each<[string, Tree, Tree, Tree]>([
    ['undefined', { a: 1, b: { c: 2 } }, { a: undefined, b: undefined }, {}],
    ['a list over an object', { a: { b: 1 } }, { a: [1] }, { a: [1] }],
    ['an object over a list', { a: [1] }, { a: { b: 1 } }, { a: { b: 1 } }],
    ['an object over null', { a: null }, { a: { b: 1 } }, { a: { b: 1 } }],
    ['lists of objects', { a: [{ b: 1 }] }, { a: [{ c: 2 }] }, { a: [{ c: 2 }] }],
    ['nothing', { a: { b: 1 } }, {}, { a: { b: 1 } }],
  ])('takes %s as it is', (_, under, over, expected) => {
    expect(mergeTrees(under, over)).toEqual(expected);
  });

  it('keeps a key that is undefined', () => {
    expect(Object.keys(mergeTrees({ a: 1 }, { a: undefined, b: undefined }))).toEqual(['a', 'b']);
  });

  it('changes neither side', () => {
    const under = { a: { b: 1 } };
    const over = { a: { c: 2 } };
    const merged = mergeTrees(under, over);
    expect([under, over]).toEqual([{ a: { b: 1 } }, { a: { c: 2 } }]);
    expect(merged['a']).not.toBe(under.a);
  });

  // JSON.parse makes own properties of these names, as YAML does.
  it.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])(
    'takes "%s" for a name like any other, on either side and at any depth',
    (name) => {
      const before = Object.getOwnPropertyNames(Object.prototype);
      const hostile = JSON.parse(
        `{ "${name}": { "polluted": 1, "prototype": { "polluted": 1 } }, "a": { "${name}": { "polluted": 1 } } }`,
      ) as Tree;
      const plain: Tree = { a: { b: 1 } };
      for (const merged of [
        mergeTrees(plain, hostile),
        mergeTrees(hostile, plain),
        mergeTrees(hostile, hostile),
      ]) {
        for (const tree of [merged, merged['a'] as Tree]) {
          expect(Object.getPrototypeOf(tree)).toBe(Object.getPrototypeOf(plain));
          expect(tree['polluted']).toBeUndefined();
          expect(Object.getOwnPropertyDescriptor(tree, name)?.value).toMatchObject({ polluted: 1 });
        }
      }
      expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
      expect(({} as Tree)['polluted']).toBeUndefined();
    },
  );
});

describe('treeOf', () => {
  it('nests under a dotted path', () => {
    expect(treeOf('a.b.c', 1)).toEqual({ a: { b: { c: 1 } } });
    expect(treeOf('a', { b: 1 })).toEqual({ a: { b: 1 } });
  });

  it('makes no prototype of a name on the command line', () => {
    const merged = mergeTrees({ a: 1 }, treeOf('__proto__.polluted', 1));
    expect(merged['polluted']).toBeUndefined();
    expect(({} as Tree)['polluted']).toBeUndefined();
  });
});
