import { printable } from '@ar-distill/core';
import type { CliEnvironment, CommandResult, TextOutput } from './environment';

/** Everything that a terminal might obey, and more: JSON has another way to write it. */
const UNUSUAL = /[^\n\u0020-\u007e]/g;

/** Why there is no result. */
export interface CommandError {
  /** One sentence. */
  readonly message: string;
  /** Of the process. */
  readonly exitCode: number;
  /** The command that goes on with what was interrupted. */
  readonly resume?: string | undefined;
}

/**
 * Where the results of commands go: as text for people or, with `--json`, as one document on stdout. What
 * else a command prints there goes to stderr then.
 */
export class ResultOutput {
  /** What commands print on their way to a result. Nothing that is written to it steers a terminal. */
  readonly text: TextOutput;
  private isWritten = false;

  constructor(
    private readonly env: Pick<CliEnvironment, 'stdout' | 'stderr'>,
    private readonly isJson: boolean,
  ) {
    const { stdout, stderr } = env;
    const { isTTY, columns } = stdout;
    this.text = isJson
      ? { write: (text) => stderr.write(printable(text)) }
      : { isTTY, columns, write: (text) => stdout.write(printable(text)) };
  }

  /** Writes the result of the command. */
  finish({ document, text, next }: CommandResult): void {
    if (this.isJson) return this.write(document);
    this.text.write(text);
    if (next !== undefined) this.text.write(`Next: ${next}\n`);
  }

  /** Writes what went wrong where there is no result; a command may have one and fail all the same. */
  fail(error: CommandError): void {
    if (this.isJson && !this.isWritten) this.write({ error });
  }

  private write(document: object): void {
    this.isWritten = true;
    const json = JSON.stringify(document, null, 2).replace(UNUSUAL, escaped);
    this.env.stdout.write(`${json}\n`);
  }
}

/** A character as it is where a terminal may show it, else by its number. */
function escaped(character: string): string {
  if (printable(character) === character) return character;
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
