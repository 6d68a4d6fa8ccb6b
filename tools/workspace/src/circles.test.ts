import { circlesOf } from './circles';

const graph = (arrows: Readonly<Record<string, string>>) =>
  new Map(Object.entries(arrows).map(([from, to]) => [from, [...to]]));

describe('circlesOf', () => {
  it('finds none where the nodes have an order', () => {
    expect(circlesOf(graph({ a: 'bc', b: 'cd', c: 'd', d: '' }))).toEqual([]);
  });

  it('names a node that points at itself', () => {
    expect(circlesOf(graph({ a: 'b', b: 'b' }))).toEqual([['b']]);
  });

  it('gives the shortest circle of nodes that reach each other, once', () => {
    expect(circlesOf(graph({ a: 'b', b: 'c', c: 'da', d: 'a' }))).toEqual([['a', 'b', 'c']]);
  });

  it('finds every separate circle, also behind another one', () => {
    expect(circlesOf(graph({ a: 'b', b: 'ac', c: 'd', d: 'c', e: 'a' }))).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });
});
