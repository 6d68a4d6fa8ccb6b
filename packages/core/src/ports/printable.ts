/** What moves a cursor, colours text or turns its direction around; line feeds are no part of it. */
const STEERING = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Text as a terminal may show it: names in files may hold anything, and a terminal obeys what it shows.
 * Whatever steers it becomes a question mark; line feeds stay, so that a text may have several lines.
 */
export function printable(text: string): string {
  return text.replace(STEERING, (character) => (character === '\n' ? character : '?'));
}

/** The same for a name or a sentence, which has no line feeds either. */
export function printableLine(text: string): string {
  return text.replace(STEERING, '?');
}
