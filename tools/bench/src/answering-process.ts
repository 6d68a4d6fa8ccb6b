import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Python } from './find-python';

/** A program that answers every line it reads with a line of JSON. */
export interface AnsweringProcess {
  /** What it said when it was ready. */
  readonly greeting: unknown;
  ask(command: string): Promise<unknown>;
  close(): Promise<void>;
}

/** Starts a Python script and waits until it has said that it is ready. */
export function startPython(
  { command }: Python,
  script: string,
  args: readonly string[],
  threads: number,
): Promise<AnsweringProcess> {
  return start(command, [script, ...args], environment(threads));
}

/** Starts a TypeScript file of the bench in a Node of its own, likewise. */
export function startNode(
  script: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<AnsweringProcess> {
  const env = { ...process.env, ...variables };
  return start(process.execPath, [...process.execArgv, script, ...args], env);
}

async function start(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<AnsweringProcess> {
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`The process of ${command} ended with ${code}.`)),
    );
  });
  failed.catch(() => undefined);
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value } = await Promise.race([answers.next(), failed]);
    return JSON.parse(value ?? 'null');
  };
  const greeting = await next();
  return {
    greeting,
    ask(question) {
      child.stdin.write(`${question}\n`);
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
