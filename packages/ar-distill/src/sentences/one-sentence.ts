/** What moves the cursor, colours text, or turns its direction around. */
const STEERING = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;

/**
 * A text as one sentence on one line: without what steers a terminal, with a full stop (or a question
 * mark) at its end and none before. Texts of our own are sentences already and stay as they are.
 */
export function oneSentence(text: string): string {
  const line = text.replaceAll(/\s+/gu, ' ').replaceAll(STEERING, '').trim();
  // A sentence after a full stop; a capital must follow, so that "v1. 2" and "a.json" stay.
  const joined = line.replaceAll(
    /[.!]+ (?=["“(]?\p{Lu})(.)/gu,
    (_match, first: string) => `; ${first}`,
  );
  return /[.?!]$/.test(joined) ? joined.replace(/[.!]+$/, '.') : `${joined}.`;
}
