/** What a JSON text may unfold to. */
export interface JsonBounds {
  /** Objects and lists inside of each other. */
  readonly depth: number;
  /** Objects, lists, keys and items together. */
  readonly items: number;
}

/** Several times what the largest files of weights or settings need. */
const BOUNDS: JsonBounds = { depth: 64, items: 2_000_000 };

/**
 * Checks what a JSON text would become before it is parsed, because a few bytes of it can take a hundred
 * times their memory. Nothing else about it is checked.
 * @throws Error with half a sentence.
 */
export function checkJsonBounds(text: string, bounds: JsonBounds = BOUNDS): void {
  let depth = 0;
  let items = 0;
  for (let position = 0; position < text.length; position++) {
    switch (text.charCodeAt(position)) {
      case 0x22 /* " */:
        position = closingQuote(text, position);
        break;
      case 0x7b /* { */:
      case 0x5b /* [ */:
        depth++;
        items++;
        break;
      case 0x7d /* } */:
      case 0x5d /* ] */:
        depth--;
        break;
      case 0x2c /* , */:
      case 0x3a /* : */:
        items++;
        break;
    }
    if (depth > bounds.depth) throw new Error(`it is nested deeper than ${bounds.depth} levels`);
    if (items > bounds.items) throw new Error(`it has more than ${bounds.items} keys and items`);
  }
}

/** Position of the quotation mark that ends the string which begins at `start`; the end without one. */
function closingQuote(text: string, start: number): number {
  let position = start + 1;
  for (; position < text.length; position++) {
    const code = text.charCodeAt(position);
    if (code === 0x22 /* " */) return position;
    if (code === 0x5c /* \ */) position++;
  }
  return position;
}
