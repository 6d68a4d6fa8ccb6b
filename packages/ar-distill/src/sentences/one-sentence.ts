/** What moves the cursor, colours text, or turns its direction around. */
const STEERING = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;
/** Characters of a quotation: files and options may hold megabytes where names are expected. */
const MAX_QUOTED = 500;

/**
 * A text as one sentence on one line: without what steers a terminal, with a full stop (or a question
 * mark) at its end and none before, and with quotations of bounded length. Texts of our own are sentences
 * already and stay as they are.
 */
export function oneSentence(text: string): string {
  const line = text.replaceAll(/\s+/gu, ' ').replaceAll(STEERING, '').trim();
  const short = line.replaceAll(/"[^"]*"/gu, (quotation) =>
    quotation.length - 2 > MAX_QUOTED ? `${quotation.slice(0, MAX_QUOTED + 1)}…"` : quotation,
  );
  // A sentence after a full stop; a capital must follow, so that "v1. 2" and "a.json" stay.
  const joined = short.replaceAll(
    /[.!]+ (?=["“(]?\p{Lu})(.)/gu,
    (_match, first: string) => `; ${first}`,
  );
  return /[.?!]$/.test(joined) ? joined.replace(/[.!]+$/, '.') : `${joined}.`;
}
