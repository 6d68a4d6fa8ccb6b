import { spawn } from 'node:child_process';
import type { WriteStream } from 'node:fs';

/** Characters of a failed command's output that its error shows. */
const SHOWN = 4000;

/** Where a command runs, and what ends it. */
export interface CommandOptions {
  readonly cwd: string;
  /** Kills the command and everything that it started. */
  readonly signal: AbortSignal;
  /** Also gets what the command prints. */
  readonly log?: WriteStream;
}

/**
 * Runs a command to its end; returns what it printed to stdout.
 * @throws Error with the end of its output when it fails; the signal's reason when it was aborted.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  { cwd, signal, log }: CommandOptions,
): Promise<string> {
  signal.throwIfAborted();
  // A group of its own: Ctrl-C in the terminal does not reach it, and it can be killed as a whole.
  const child = spawn(command, args, { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch (error) {
      // The whole group has ended by itself in the meantime.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  signal.addEventListener('abort', kill, { once: true });
  let stdout = '';
  let tail = '';
  const take = (text: string): void => {
    tail = (tail + text).slice(-SHOWN);
    log?.write(text);
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    take(text);
  });
  child.stderr.setEncoding('utf8').on('data', take);
  try {
    const ended = await new Promise<string | undefined>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, killed) =>
        resolve(code === 0 ? undefined : killed ? `was killed by ${killed}` : `ended with ${code}`),
      );
    });
    signal.throwIfAborted();
    if (ended === undefined) return stdout;
    throw new Error(`"${[command, ...args].join(' ')}" in ${cwd} ${ended}:\n${tail.trimEnd()}`);
  } finally {
    signal.removeEventListener('abort', kill);
  }
}
