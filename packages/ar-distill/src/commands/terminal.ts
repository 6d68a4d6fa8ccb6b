import type { TextOutput } from './environment';

const CODES = { red: 31, yellow: 33 } as const;

/**
 * The first word of a text ("Error:") in colour where the output is a terminal whose user did not ask
 * for none (https://no-color.org); the text itself anywhere else.
 */
export function inColour(
  colour: keyof typeof CODES,
  text: string,
  { isTTY }: TextOutput,
  { NO_COLOR, TERM }: Readonly<Record<string, string | undefined>>,
): string {
  if (isTTY !== true || NO_COLOR || TERM === 'dumb') return text;
  return text.replace(/^(?:Error|Warning):/, (word) => `\u001b[${CODES[colour]}m${word}\u001b[39m`);
}
