import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';

const ROOT = path.join(__dirname, '..', '..');
const folder = mkdtempSync(path.join(tmpdir(), "ar-distill stopped 'processes-"));
const MINUTES = 300_000;
const NODE = [
  process.execPath,
  ...['-C', '@ar-distill/source', '-r', path.join(ROOT, 'tools/jest/register.js')],
  path.join(ROOT, 'packages/ar-distill/src/main.ts'),
];
const [PROGRAM = '', ...ARGUMENTS] = NODE;
const TINY = [
  ...['distill', '--preset', 'toy-joint', '--no-report', '--batch-size', '8'],
  ...['--set', 'teacherPoolSize=64', '--set', 'tuning.headIterations=1'],
  ...['--set', 'tuning.fullIterations=1', '--set', 'tuning.batchSize=8'],
];
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Started {
  readonly child: ChildProcess;
  /** What it has written to stderr. */
  readonly text: () => string;
  readonly ended: Promise<unknown[]>;
}

function start(command: string, args: readonly string[]): Started {
  // Whoever runs these tests by npx has not run the command by it.
  const env = { ...process.env, npm_command: '' };
  const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let text = '';
  child.stdout!.resume();
  child.stderr!.on('data', (chunk) => (text += String(chunk)));
  return { child, text: () => text, ended: once(child, 'close') };
}

const distilled = (...args: readonly string[]): Started =>
  start(PROGRAM, [...ARGUMENTS, ...TINY, ...args]);

async function written({ text, child }: Started, pattern: RegExp): Promise<void> {
  while (!pattern.test(text())) {
    if (child.exitCode !== null) throw new Error(`It ended and wrote ${text()}`);
    await setTimeout(20);
  }
}

const LONG = ['--iterations', '100000'];
const hasGenerator = (out: string): boolean =>
  existsSync(path.join(out, '00000-toy-joint', 'generator.safetensors'));

(process.platform === 'win32' ? describe.skip : describe)('a distillation', () => {
  it(
    'saves after the first signal, and prints the command that goes on',
    async () => {
      const out = path.join(folder, 'saved');
      const first = distilled('--out', out, ...LONG);
      await written(first, /distillation \d/);
      first.child.kill('SIGHUP');
      expect(await first.ended).toEqual([130, null]);
      const told =
        /Interrupted after iteration (\d+) of 100000 of the stage "distillation"; it is saved\.\nGo on with: (ar-distill .*)\n$/;
      const [, iteration, command = ''] = told.exec(first.text())!;
      expect(readdirSync(path.join(out, '00000-toy-joint'))).not.toContain('lock');
      // As a shell reads it; a function stands for the command.
      const words = NODE.map((word) => `'${word}'`).join(' ');
      const script = `ar-distill() { exec ${words} "$@"; }\n${command}`;
      const second = start('bash', ['-c', script]);
      await written(second, /distillation \d/);
      const [, resumed] = /distillation (\d+)\/100000/.exec(second.text())!;
      expect(Number(resumed)).toBeGreaterThan(Number(iteration));
      second.child.kill('SIGKILL');
    },
    MINUTES,
  );

  it(
    'ends with 130 at the second signal, and not by a native abort',
    async () => {
      const stopped = distilled('--out', path.join(folder, 'twice'), ...LONG);
      await written(stopped, /distillation \d/);
      stopped.child.kill('SIGINT');
      await setTimeout(150);
      stopped.child.kill('SIGTERM');
      expect(await stopped.ended).toEqual([130, null]);
      expect(stopped.text()).not.toContain('terminate called');
    },
    MINUTES,
  );

  it.each(['stdout', 'stderr'] as const)(
    'goes on to its end when nobody reads its %s any more',
    async (name) => {
      const out = path.join(folder, name);
      const alone = distilled('--out', out, '--iterations', '2');
      if (name === 'stderr') await written(alone, /teacher-pool/);
      alone.child[name]!.destroy();
      expect(await alone.ended).toEqual([0, null]);
      expect(hasGenerator(out)).toBe(true);
    },
    MINUTES,
  );
});
