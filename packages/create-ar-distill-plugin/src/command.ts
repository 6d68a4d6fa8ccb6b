import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ownVersion, packageName } from './plugin-files';
import { messageOf, UsageError } from './errors';
import { writePlugin } from './write-plugin';

const HELP = `Usage: npm create ar-distill-plugin NAME -- [options]

Writes a plugin with a new AR backbone, which can be trained and distilled at once.

Options:
  --dir <folder>  folder to write (default: ar-distill-plugin-NAME)
  --version       print the version
  --help          show this text
`;

/** Where the command runs and writes to. */
export interface Surroundings {
  readonly cwd: string;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/**
 * Runs the command line.
 * @returns the exit code: 0, 1 for a failure, 2 for a wrong command line; a failure is one sentence on
 *   stderr.
 */
export function run(args: readonly string[], { cwd, stdout, stderr }: Surroundings): number {
  try {
    const { name, dir, help, version } = parsed(args);
    if (help) stdout.write(HELP);
    else if (version) stdout.write(`${ownVersion()}\n`);
    else {
      if (name === undefined) {
        throw new UsageError('Name the plugin: npm create ar-distill-plugin NAME.');
      }
      const folder = dir ?? packageName(name);
      writePlugin(name, resolve(cwd, folder));
      stdout.write(`Wrote the plugin "${name}" to ${printable(folder)}\n`);
      const next = printable(quoted(relative(cwd, resolve(cwd, folder))));
      stdout.write(`Next: cd ${next} && npm install --ignore-scripts && npm run check\n`);
    }
    return 0;
  } catch (error) {
    stderr.write(`Error: ${printable(messageOf(error)).replace(/[.\s]*$/, '.')}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

interface Given {
  readonly name?: string | undefined;
  readonly dir?: string | undefined;
  readonly help?: boolean | undefined;
  readonly version?: boolean | undefined;
}

/** @throws UsageError for options that there are not, or more than one name. */
function parsed(args: readonly string[]): Given {
  const { values, positionals } = options(args);
  if (positionals.length > 1) {
    throw new UsageError(`One name is enough: leave "${positionals[1]}" out.`);
  }
  if (values.dir === '') throw new UsageError('The folder of --dir has no name: give it one.');
  return { ...values, name: positionals[0] };
}

function options(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        dir: { type: 'string' },
        help: { type: 'boolean' },
        version: { type: 'boolean' },
      },
    });
  } catch (error) {
    // Node names the option in its first sentence, and advises in others.
    const [first = ''] = messageOf(error).split('. ');
    throw new UsageError(`${first}: see --help.`, { cause: error });
  }
}

/** A terminal obeys some characters, and others begin a line: a sentence holds none of them. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}

/** A path as shells read it; on Windows no name holds quotation marks. */
function quoted(path: string): string {
  if (/^[\w./-]+$/.test(path)) return path;
  return process.platform === 'win32' ? `"${path}"` : `'${path.replaceAll("'", `'\\''`)}'`;
}
