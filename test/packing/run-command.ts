import { spawn } from 'node:child_process';

const WINDOWS = process.platform === 'win32';

/** How a command ended. */
export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Settings of npm that say where things come from, not what is done with them. */
const KEPT = /^npm_config_(cache|userconfig|registry|cafile|noproxy|proxy|https_proxy)$/i;

/**
 * The environment of a user who has set nothing: that of the npm that runs the tests would redirect
 * the npm that is started here, and so would the settings of this repository.
 */
export function userEnvironment(added: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([key]) => KEPT.test(key) || !/^(npm_|onnxruntime|node_options|init_cwd)/i.test(key),
  );
  return { ...Object.fromEntries(kept), NX_DAEMON: 'false', ...added };
}

/** Runs a command without blocking, so that a server in this process can answer it. */
export function runCommand(
  cwd: string,
  [command, ...args]: readonly [string, ...string[]],
  environment: NodeJS.ProcessEnv = userEnvironment(),
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: environment, shell: WINDOWS });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

/**
 * The same for a command that has to succeed; returns what it printed.
 * @throws Error with its messages otherwise.
 */
export async function mustRun(
  cwd: string,
  command: readonly [string, ...string[]],
  environment?: NodeJS.ProcessEnv,
): Promise<string> {
  const { status, stdout, stderr } = await runCommand(cwd, command, environment);
  if (status === 0) return stdout;
  throw new Error(`${command.join(' ')} ended with ${status}: ${stdout}\n${stderr}`);
}
