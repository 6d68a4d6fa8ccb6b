const MAX_DEPTH = 64;
/** Lists and keys that begin on one line, inside of each other. */
const DASHES = new RegExp(`(?:[-?:][ \\t]+){${MAX_DEPTH}}`);

/**
 * Refuses YAML that is nested deeper than any settings are, before it is parsed: the parser takes seconds
 * for some thousand brackets. What stands in quotes counts as well.
 * @throws Error with half a sentence.
 */
export function refuseDeepYaml(text: string): void {
  let depth = 0;
  for (const bracket of text.match(/[[\]{}]/g) ?? []) {
    depth += bracket === '[' || bracket === '{' ? 1 : -1;
    if (depth > MAX_DEPTH) break;
  }
  if (depth > MAX_DEPTH || DASHES.test(text)) {
    throw new Error(`it is nested deeper than ${MAX_DEPTH} levels`);
  }
}
