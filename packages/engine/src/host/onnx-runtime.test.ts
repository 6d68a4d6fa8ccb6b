import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { notLoaded, onnxRuntime } from './onnx-runtime';

it('is there where its library is', () => {
  expect(
    onnxRuntime()
      .listSupportedBackends()
      .map(({ name }) => name),
  ).toContain('cpu');
});

it.each([
  [
    new Error(
      "Cannot find module '../bin/napi-v6/darwin/x64/onnxruntime_binding.node'\nRequire stack:",
    ),
    { platform: 'darwin', arch: 'x64' },
    "darwin x64 (Cannot find module '../bin/napi-v6/darwin/x64/onnxruntime_binding.node')",
  ],
  [
    new Error('Error loading shared library ld-linux-x86-64.so.2: No such file or directory.'),
    { platform: 'linux', arch: 'x64' },
    'linux x64 (Error loading shared library ld-linux-x86-64.so.2: No such file or directory)',
  ],
] as const)('says in one sentence where it is not', (error, machine, words) => {
  const { message, cause } = notLoaded(error, machine);
  expect(message).toMatch(/^[^\n]+[^.]\.$/);
  expect(message.startsWith(`onnxruntime-node cannot be loaded on ${words}: `)).toBe(true);
  expect(cause).toBe(error);
});

describe('reports of its use', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'reports-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** What a process that tries to make a session leaves in its temporary folder. */
  function leftBy(variables: NodeJS.ProcessEnv): string[] {
    const program = `
      const { onnxRuntime } = require(${JSON.stringify(path.join(__dirname, 'onnx-runtime.ts'))});
      onnxRuntime().InferenceSession.create(Buffer.from('no model')).catch(() => {});`;
    const [HOME, TMPDIR] = [
      mkdtempSync(path.join(folder, 'home-')),
      mkdtempSync(path.join(folder, 'tmp-')),
    ];
    // Nothing else: variables of build machines switch reports off as well.
    const env = { PATH: process.env['PATH'], HOME, TMPDIR, ...variables };
    const register = path.join(__dirname, '../../../../tools/jest/register.js');
    const options = ['-C', '@ar-distill/source', '-r', register, '-e', program];
    execFileSync(process.execPath, options, { env });
    return readdirSync(TMPDIR);
  }

  it('are off unless the user asks for them', () => {
    expect(leftBy({})).toEqual([]);
    // The check has teeth, where this build of ONNX Runtime has reports.
    if (process.platform === 'linux') {
      expect(leftBy({ ORT_DISABLE_TELEMETRY: '0' })).not.toEqual([]);
    }
  });
});
