import { printable, printableLine } from './printable';

it.each([
  ['\u001b[31mred\u001b[0m', '?[31mred?[0m'],
  ['\u001b]0;title\u0007', '?]0;title?'],
  ['a\rb\tc\u0000\u007f\u009b', 'a?b?c???'],
  ['\u202eright to left\u2066', '?right to left?'],
  ['a\u2028b', 'a?b'],
  ['Größe 16×16, 10²⁰, 文字, 👍', 'Größe 16×16, 10²⁰, 文字, 👍'],
])('%j becomes %j', (text, shown) => {
  expect(printable(text)).toBe(shown);
  expect(printableLine(text)).toBe(shown);
});

it('keeps line feeds in texts, not in lines', () => {
  expect(printable('a\r\nb\n')).toBe('a?\nb\n');
  expect(printableLine('a\nb')).toBe('a?b');
});
