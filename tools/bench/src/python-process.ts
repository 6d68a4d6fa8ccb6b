import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A Python that imports torch. */
export interface Python {
  readonly command: string;
  readonly torch: string;
}

/** The first of $PYTHON, python3 and /usr/bin/python3 that imports torch. */
export function findPython(): Python | undefined {
  for (const command of [process.env['PYTHON'], 'python3', '/usr/bin/python3']) {
    if (!command) continue;
    const { status, stdout } = spawnSync(
      command,
      ['-c', 'import torch; print(torch.__version__)'],
      { encoding: 'utf8' },
    );
    if (status === 0) return { command, torch: stdout.trim() };
  }
  return undefined;
}

/** A script that answers every line it reads with a line of JSON. */
export interface PythonProcess {
  ask(command: string): Promise<unknown>;
  close(): Promise<void>;
}

/** Starts a script and waits until it has said that it is ready. */
export async function startPython(
  python: Python,
  script: string,
  args: readonly string[],
  threads: number,
): Promise<PythonProcess> {
  const child = spawn(python.command, [script, ...args], {
    env: environment(threads),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`PyTorch's process ended with code ${code}.`)));
  });
  failed.catch(() => undefined);
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value } = await Promise.race([answers.next(), failed]);
    return JSON.parse(value ?? 'null');
  };
  await next();
  return {
    ask(command) {
      child.stdin.write(`${command}\n`);
      return next();
    },
    async close() {
      const exited = failed.catch(() => undefined);
      child.stdin.end();
      await exited;
    },
  };
}

function environment(threads: number): NodeJS.ProcessEnv {
  const variables: NodeJS.ProcessEnv = {
    ...process.env,
    OMP_NUM_THREADS: String(threads),
    OPENBLAS_NUM_THREADS: String(threads),
    MKL_NUM_THREADS: String(threads),
  };
  // They choose other kernels than OpenBLAS would for this processor.
  delete variables['OPENBLAS_CORETYPE'];
  delete variables['OPENBLAS_L2_SIZE'];
  return variables;
}
