import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';

const ROOT = path.join(__dirname, '../..');
const folder = mkdtempSync(path.join(tmpdir(), 'ar-distill-stopped-json-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The command, whose work does not look at its signal for a minute. */
const PROGRAM = `
  import * as workflows from '${ROOT}/packages/workflows/src';
  import { runCli } from '${ROOT}/packages/ar-distill/src/commands/program';
  import { createContainer } from '${ROOT}/packages/ar-distill/src/container';
  const sample = () => {
    process.stderr.write('working');
    return new Promise<never>((resolve) => setTimeout(resolve, 60_000));
  };
  void runCli(['sample', '--json', '--plugins-dir', '${ROOT}'], {
    cwd: '${folder}',
    variables: {},
    stdout: process.stdout,
    stderr: process.stderr,
    workflows: { ...workflows, sample },
    createContainer,
  });
`;

const posix = process.platform === 'win32' ? it.skip : it;
posix(
  'work that does not stop by itself is left with a document that says so',
  async () => {
    const script = path.join(folder, 'program.ts');
    writeFileSync(script, PROGRAM);
    const hook = path.join(ROOT, 'tools/jest/register.js');
    const child = spawn(process.execPath, ['-C', '@ar-distill/source', '-r', hook, script], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const stdout = text(child.stdout);
    let told = '';
    child.stderr.on('data', (piece) => (told += String(piece)));
    while (!told.includes('working')) {
      if (child.exitCode !== null) throw new Error(`It ended and wrote ${told}`);
      await setTimeout(20);
    }
    child.kill('SIGINT');
    const [code, signal] = await once(child, 'exit');
    expect(signal ?? code).toBe(130);
    expect(JSON.parse(await stdout)).toEqual({
      error: { message: 'Interrupted before it was done.', exitCode: 130 },
    });
  },
  120_000,
);
