/** Longer messages quote something of a hostile file at length. */
const MAX_LENGTH = 600;

/** A weights file is broken, hostile or of a kind that is not read. The message names file and mend. */
export class CheckpointFormatError extends Error {
  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(oneLine(`"${path}": ${problem}`), options);
    this.name = 'CheckpointFormatError';
  }
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Names in a file may hold line ends, terminal codes or megabytes: a sentence holds none of them. */
function oneLine(text: string): string {
  const shortened = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}….` : text;
  return shortened.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}
