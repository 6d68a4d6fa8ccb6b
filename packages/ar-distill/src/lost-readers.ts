import type { Writable } from 'node:stream';

/** Where text goes; a terminal says so. */
type Output = Writable & { readonly isTTY?: boolean };

/** Nobody reads any more. */
const CLOSED = ['EPIPE', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'];

/** What has become of the output of a process. */
export interface OutputState {
  /** Something could not be written although somebody waits for it: a full disk. */
  readonly failed: boolean;
}

/**
 * Lets work go on to its end when a reader has stopped early (`ar-distill … | head -1`), or the terminal
 * was closed: what is written afterwards is lost, and that is no error. Any other failure is said on the
 * stream that is left.
 */
export function ignoreLostReaders(stdout: Output, stderr: Output): OutputState {
  const state = { failed: false };
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A terminal that was closed answers with EIO, which is a broken disk anywhere else.
    const isLost = CLOSED.includes(error.code ?? '') || (stdout.isTTY && error.code === 'EIO');
    if (isLost || state.failed) return;
    state.failed = true;
    stderr.write(`Error: The output cannot be written (${error.code ?? error.message}).\n`);
  });
  stderr.on('error', () => undefined);
  return state;
}
