import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as workflows from '@ar-distill/workflows';
import { runCli } from '../../packages/ar-distill/src/commands/program';
import { createContainer } from '../../packages/ar-distill/src/container';

let root: string;
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'ar-distill-check-')));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The folder of a plugin that nobody depends on. */
function plugin(folder: string, source: string): void {
  mkdirSync(join(root, folder));
  const manifest = { name: `ar-distill-plugin-${folder}`, version: '1.0.0', main: 'index.js' };
  writeFileSync(join(root, folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(root, folder, 'index.js'), source);
}

async function run(args: string, cwd = root, variables: Record<string, string> = {}) {
  let stdout = '';
  let stderr = '';
  const code = await runCli(args.split(' '), {
    cwd,
    variables,
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    workflows,
    createContainer,
  });
  return { code, stdout, stderr };
}

const presetOf = (more: string): string =>
  `exports.plugin = { contractVersion: 2, name: 'mine', summary: '', presets: { small: { summary: '',
    backbone: 'elsewhere', architecture: {}, teacherSampling: { guidanceScale: 0, topK: 0, topP: 1, temperature: 1 },
    methods: {}, ${more} } } };`;

test('a plugin that keeps the contract is found in its own folder', async () => {
  plugin('whole', presetOf(''));
  const { code, stdout, stderr } = await run('plugins check --backend cpu', join(root, 'whole'));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toBe(
    '1/7  ok       plugin, the version of the contract\n' +
      '2/7  ok       plugin, names\n' +
      '3/7  skipped  plugin, the PyTorch files of its backbones exist — its backbones have none\n' +
      '4/7  skipped  preset "small", its architecture is one of its backbone — the backbone "elsewhere" stands in another plugin\n' +
      '5/7  ok       preset "small", its settings are taken\n' +
      '6/7  skipped  preset "small", its weight files exist — it ships no weights\n' +
      '7/7  skipped  preset "small", its weight files hold its networks — it ships no weights\n' +
      '7 checks: 3 ok, 0 failed, 4 skipped\n',
  );
  const listed = await run('plugins --plugins-dir .', join(root, 'whole'));
  expect(listed.stdout).toContain('ar-distill-plugin-whole 1.0.0');
});

test('a plugin that breaks it fails with the first thing to mend', async () => {
  plugin('unpacked', presetOf("weights: { teacher: '/no/such/file' }"));
  const { code, stdout, stderr } = await run('plugins check unpacked --backend cpu');
  expect(code).toBe(1);
  expect(stdout).toContain(
    '6/7  failed   preset "small", its weight files exist — Its teacher is missing: there is no file "/no/such/file".\n' +
      '7/7  skipped  preset "small", its weight files hold its networks — after "its weight files exist" failed\n',
  );
  expect(stderr).toBe(
    'Error: The plugin "mine" breaks a rule; the first one to mend is: preset "small", its weight files exist.\n',
  );
  const debug = await run('plugins check unpacked --backend cpu', root, { AR_DISTILL_DEBUG: '1' });
  expect(debug.stdout).toMatch(/its weight files exist — .*\n(Error: .*\n)(\s+at .*\n)+/);
});

test('a plugin that throws is named with the file, the line and the cause', async () => {
  plugin('thrower', "// first\nthrow new Error('boom', { cause: new Error('inner') });");
  const { code, stdout, stderr } = await run('plugins check thrower');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^Error: .* cannot be loaded \(boom at index\.js:2:7, because inner\): /);
  // It stops nothing that does not need it.
  const listed = await run('plugins --plugins-dir thrower');
  expect(listed.code).toBe(0);
  expect(listed.stderr).toMatch(/^Warning: .*boom at index\.js:2:7/);
});

test.each([
  [
    'plugins check nowhere',
    'Error: There is no folder "nowhere": name the one that holds the plugin.\n',
  ],
  [
    'plugins check whole --preset smal',
    'Error: There is no preset "smal": did you mean "small"?\n',
  ],
  [
    'plugins check whole --backend cpuu',
    'Error: There is no engine backend "cpuu": did you mean "cpu"?\n',
  ],
])('wrong usage exits with 2: %s', async (args, stderr) => {
  expect(await run(args)).toEqual({ code: 2, stdout: '', stderr });
});
