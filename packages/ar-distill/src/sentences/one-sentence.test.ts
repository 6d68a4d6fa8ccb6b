import { oneSentence } from './one-sentence';

describe('oneSentence', () => {
  it.each([
    ['There is no file "a.b": name one.', 'There is no file "a.b": name one.'],
    ['did you mean "x"?', 'did you mean "x"?'],
    ['no full stop', 'no full stop.'],
    ['two full stops..', 'two full stops.'],
    ['First. Second one. "Third".', 'First; Second one; "Third".'],
    ['version 1.2.3 of a.json', 'version 1.2.3 of a.json.'],
    ['several\n  lines\r\n', 'several lines.'],
    ['\u001b[31mred\u001b[0m\u0007', '[31mred[0m.'],
    ['left\u202etfel', 'lefttfel.'],
    ['What a pity!', 'What a pity.'],
    [`no "${'a'.repeat(500)}", "b".`, `no "${'a'.repeat(500)}", "b".`],
    [`no "b", "${'a'.repeat(501)}" or "c".`, `no "b", "${'a'.repeat(500)}…" or "c".`],
    [`"a" of ${'b, '.repeat(500)}"c".`, `"a" of ${'b, '.repeat(500)}"c".`],
  ])('makes one of %j', (text, sentence) => {
    expect(oneSentence(text)).toBe(sentence);
  });
});
