import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Python } from '@ar-distill/bench';
import { readCheckpoint } from '@ar-distill/checkpoints';
import type { HostTensors } from '@ar-distill/program';
import type { Configuration, Family } from './family';

/** What the official code made of one configuration. */
export interface OfficialRun {
  readonly weights: HostTensors;
  readonly outputs: HostTensors;
}

/** Whether the folder holds the family's official code. */
export function isCheckout<A, S>({ landmark }: Family<A, S>, path: string): boolean {
  return existsSync(join(path, landmark));
}

/**
 * Runs the official modules of `checkout` on all configurations, one process for all; yields a result
 * per configuration. Throws an `Error` with the end of what Python said when it fails.
 */
export async function* runOfficial<A, S>(
  family: Family<A, S>,
  configurations: readonly Configuration<A, S>[],
  checkout: string,
  python: Python,
): AsyncGenerator<OfficialRun> {
  const folder = mkdtempSync(join(tmpdir(), 'ar-distill-parity-'));
  writeFileSync(join(folder, 'configurations.json'), JSON.stringify(configurations));
  const script = join(__dirname, '../python', family.driver);
  const child = spawn(python.command, [script, checkout, folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Nothing is written into the checkout.
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  });
  let said = '';
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (said = (said + text).slice(-2000)));
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  exited.catch(() => undefined);
  try {
    let done = 0;
    for await (const line of createInterface(child.stdout)) {
      yield await readRun(family, folder, Number(line));
      done++;
    }
    if ((await exited) !== 0 || done < configurations.length) {
      throw new Error(`The official ${family.name} code failed in Python:\n${said.trim()}`);
    }
  } finally {
    child.kill();
    rmSync(folder, { recursive: true });
  }
}

async function readRun<A, S>(
  { states }: Family<A, S>,
  folder: string,
  index: number,
): Promise<OfficialRun> {
  const weights: HostTensors = {};
  for (const state of states) {
    const path = join(folder, `${index}-${state}.pth`);
    Object.assign(weights, (await readCheckpoint(path)).tensors);
    rmSync(path);
  }
  const path = join(folder, `${index}-outputs.safetensors`);
  const { tensors } = await readCheckpoint(path);
  rmSync(path);
  return { weights, outputs: tensors };
}
