import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSafetensors } from '@ar-distill/checkpoints';
import type { HostTensors } from '@ar-distill/program';

const ROOT = path.join(__dirname, '..', '..');
const FOLDER = '00000-toy';

/** Everything that the last checkpoint holds of θ and ψ. */
async function trainedState(folder: string): Promise<HostTensors> {
  return (await readSafetensors(path.join(folder, 'checkpoint.safetensors'))).tensors;
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** Runs the small distillation; sends `kill` once the line `at` has been printed. */
function runToy(folder: string, at?: string, kill?: NodeJS.Signals): Promise<Ended> {
  const child = spawn(
    process.execPath,
    [
      ...['-C', '@ar-distill/source', '-r', path.join(ROOT, 'tools/jest/register.js')],
      path.join(__dirname, 'toy-run.ts'),
      folder,
    ],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const before = output;
    output += chunk.toString();
    if (at && kill && !before.includes(`${at}\n`) && output.includes(`${at}\n`)) child.kill(kill);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, output }));
  });
}

describe('a distillation that is stopped and resumed', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-resume-'));
  const file = (run: string, name: string): Buffer =>
    readFileSync(path.join(root, run, FOLDER, 'arrays', `${name}.safetensors`));

  beforeAll(async () => {
    const whole = await runToy(path.join(root, 'whole', FOLDER));
    expect(whole.code).toBe(0);
    expect(whole.output).toContain('snapshots 5 10 15 20 24\ndone 24\n');
  }, 300_000);

  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it.each([
    ['SIGINT', 'teacher-pool 256'],
    ['SIGINT', 'tuning 3'],
    ['SIGINT', 'distillation 7'],
    ['SIGKILL', 'tuning-head 2'],
    ['SIGKILL', 'distillation 13'],
  ] as const)(
    'by %s after "%s" ends with the very same weights',
    async (kill, at) => {
      const run = `${kill}-${at.replace(' ', '-')}`;
      const folder = path.join(root, run, FOLDER);
      const stopped = await runToy(folder, at, kill);
      expect(stopped.output).not.toContain('done');
      if (kill === 'SIGINT') expect(stopped.code).toBe(130);
      else expect(stopped.signal).toBe('SIGKILL');

      const resumed = await runToy(folder);
      expect(resumed.code).toBe(0);
      // What was done before a SIGINT is not done again.
      if (kill === 'SIGINT') expect(resumed.output).not.toContain(`${at}\n`);
      for (const name of ['teacher-pool', 'tuning-head', 'tuning', 'final-average']) {
        expect(file(run, name).equals(file('whole', name))).toBe(true);
      }
      expect(await trainedState(folder)).toEqual(
        await trainedState(path.join(root, 'whole', FOLDER)),
      );
      const metrics = readFileSync(path.join(folder, 'metrics.jsonl'), 'utf8').trim().split('\n');
      const steps = metrics.map((line) => {
        const { stage, iteration } = JSON.parse(line) as { stage: string; iteration: number };
        return `${stage} ${iteration}`;
      });
      expect(new Set(steps).size).toBe(steps.length);
      expect(steps).toHaveLength(4 + 8 + 24);
      expect(existsSync(path.join(folder, 'lock'))).toBe(false);
    },
    300_000,
  );
});
