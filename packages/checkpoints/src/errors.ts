/** A weights file is broken, hostile or of a kind that is not read. The message names file and mend. */
export class CheckpointFormatError extends Error {
  constructor(path: string, problem: string) {
    super(`"${path}": ${problem}`);
    this.name = 'CheckpointFormatError';
  }
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
