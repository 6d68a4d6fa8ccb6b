import { spawn } from 'node:child_process';
import { errorCode } from './error-code';

/** How a program ended that was run to its end. */
export interface ProcessResult {
  /** Exit code; `undefined` when a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProcessOptions {
  readonly cwd?: string;
  /** Added to the variables of this process. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Ends the program when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** More output than this is of no use in a message. */
const KEPT = 1_000_000;

/**
 * Runs a program and collects what it writes (the last million characters of each stream).
 * @returns `undefined` when there is no such program.
 * @throws the signal's reason when it is aborted.
 */
export async function runProcess(
  command: string,
  args: readonly string[],
  { cwd, variables = {}, signal }: ProcessOptions = {},
): Promise<ProcessResult | undefined> {
  signal?.throwIfAborted();
  const child = spawn(command, [...args], {
    cwd,
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = (): void => void child.kill();
  signal?.addEventListener('abort', stop);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout = (stdout + text).slice(-KEPT);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-KEPT);
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    signal?.throwIfAborted();
    return { code: code ?? undefined, stdout, stderr };
  } catch (error) {
    signal?.throwIfAborted();
    if (isMissing(error)) return undefined;
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

function isMissing(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'EACCES';
}

/** Longer lines are cut in messages. */
const LINE = 300;

/**
 * Why a program failed, as the part of a sentence: the first line that matches or, when none does, the
 * last one, without "ERROR:" and full stop.
 */
export function complaint(result: ProcessResult | undefined, pattern: RegExp): string {
  if (!result) return 'it does not start';
  const lines = `${result.stdout}\n${result.stderr}`.split(/\r?\n/).map((line) => line.trim());
  const line = lines.find((each) => pattern.test(each)) ?? lines.findLast((each) => each !== '');
  if (line === undefined) return `exit code ${result.code ?? 'none'}`;
  return line
    .replace(/^(?:.*?\berror:|npm (?:error|ERR!))\s*/i, '')
    .slice(0, LINE)
    .replace(/[.:;\s]+$/, '');
}
