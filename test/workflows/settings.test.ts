import { explainIssue, knownKeys } from '@ar-distill/workflows';
import { z } from 'zod';

describe('explainIssue', () => {
  const schema = z.strictObject({
    size: z.int().positive(),
    inner: z.strictObject({ mode: z.enum(['a', 'b']) }).optional(),
  });
  const explain = (value: unknown, wording: Parameters<typeof explainIssue>[1] = {}) =>
    explainIssue(schema.safeParse(value).error!, wording);

  it.each([
    [{ size: 'x' }, '"size" is wrong: expected number, received string.'],
    [{ size: 1, inner: { mode: 'c' } }, '"inner.mode" is wrong: expected one of "a"|"b".'],
    [[], 'The document is wrong: expected object, received array.'],
    [{ size: 1, sise: 2 }, '"sise" is not a known key: leave it out.'],
    [{ size: 0, inner: {} }, '"size" is wrong (and 1 more): too small: expected number to be >0.'],
  ])('explains %j in one sentence', (value, sentence) => {
    expect(explain(value)).toBe(sentence);
  });

  it('names the source, words the key as it is told to, and suggests a known one', () => {
    const wording = {
      source: ' in run.yaml',
      name: (path: readonly PropertyKey[]) => `--${path.join('-')}`,
      knownKeys: (path: readonly PropertyKey[]) => knownKeys(schema, path),
    };
    expect(explain({ size: 1, sise: 2 }, wording)).toBe(
      '--sise in run.yaml is not a known key: did you mean "size"?',
    );
    expect(explain({ size: 1, inner: { mod: 'a', mode: 'a' } }, wording)).toBe(
      '--inner-mod in run.yaml is not a known key: did you mean "inner.mode"?',
    );
  });
});

describe('knownKeys', () => {
  const inner = z.object({ c: z.number() });
  const schema = z.object({
    plain: inner,
    optional: inner.optional(),
    defaulted: inner.default({ c: 1 }),
    nullable: inner.nullable(),
    piped: inner.transform(({ c }) => c),
    number: z.number(),
  });

  it('looks through whatever wraps an object', () => {
    expect(knownKeys(schema, [])).toEqual(Object.keys(schema.shape));
    for (const key of ['plain', 'optional', 'defaulted', 'nullable', 'piped']) {
      expect(knownKeys(schema, [key])).toEqual(['c']);
    }
  });

  it('knows none where no object is expected', () => {
    for (const path of [['number'], ['plain', 'c'], ['nothing'], ['toString'], ['__proto__']]) {
      expect(knownKeys(schema, path)).toEqual([]);
    }
  });
});
