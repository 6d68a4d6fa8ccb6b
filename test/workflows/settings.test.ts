import { explainIssue, knownKeys } from '@ar-distill/workflows';
import { z } from 'zod';

describe('explainIssue', () => {
  const schema = z.strictObject({
    size: z.int().positive(),
    inner: z.strictObject({ mode: z.enum(['fast', 'slow']) }).optional(),
    share: z.number().min(0).max(1).optional(),
    pair: z.tuple([z.number(), z.number()]).optional(),
    name: z.string().min(1).optional(),
    either: z.union([z.boolean(), z.string()]).optional(),
    own: z.custom(() => false, 'expected something else.').optional(),
  });
  const explain = (value: unknown, wording: Parameters<typeof explainIssue>[1] = {}) =>
    explainIssue(schema.safeParse(value).error!, { value, ...wording });

  it.each([
    [{ size: 'x' }, '"size" is wrong: expected a number, not "x".'],
    [{}, '"size" is missing: expected a number.'],
    [{ size: 1.5 }, '"size" is wrong: expected a whole number, not 1.5.'],
    [{ size: 1e30 }, '"size" is wrong: expected a whole number up to 9007199254740991, not 1e+30.'],
    [{ size: 1, inner: { mode: 7 } }, '"inner.mode" is wrong: expected "fast" or "slow", not 7.'],
    [
      { size: 1, inner: { mode: 'fasst' } },
      '"inner.mode" is wrong: expected "fast" or "slow", not "fasst": did you mean "fast"?',
    ],
    [{ size: 1, share: 2 }, '"share" is wrong: expected a number up to 1, not 2.'],
    [{ size: 1, share: -2 }, '"share" is wrong: expected a number from 0 on, not -2.'],
    [{ size: 1, pair: [1] }, '"pair" is wrong: expected a list of 2 entries or more, not of 1.'],
    [{ size: 1, name: '' }, '"name" is wrong: expected a text that is not empty, not "".'],
    [{ size: 1, either: 3 }, '"either" is wrong: expected true or false or a text, not 3.'],
    [{ size: 1, own: {} }, '"own" is wrong: expected something else.'],
    [[], 'The document is wrong: expected an object, not a list.'],
    [{ size: 1, sise: 2 }, '"sise" is not a known key: leave it out.'],
    [{ size: 0, inner: {} }, '"size" is wrong (and 1 more): expected a number above 0, not 0.'],
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
    expect(explain({ size: 1, inner: { mod: 'a', mode: 'fast' } }, wording)).toBe(
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
