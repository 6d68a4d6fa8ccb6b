import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Python } from './find-python';

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
