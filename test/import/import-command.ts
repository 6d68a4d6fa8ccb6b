import * as workflows from '@ar-distill/workflows';
import type { TypedContainer } from '@ar-distill/di';
import { runCli } from '../../packages/ar-distill/src/commands/program';

/** What a command printed, and the code that it ended with. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line on a container; the working folder stays that of the tests. */
export async function runCommand(container: TypedContainer, ...args: string[]): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  const code = await runCli(args, {
    cwd: process.cwd(),
    variables: {},
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    workflows,
    createContainer: () => container,
  });
  return { code, stdout, stderr };
}
