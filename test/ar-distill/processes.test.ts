import { execFile, execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'ar-distill-processes-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const COMMAND = [
  ...['-C', '@ar-distill/source', '-r', join(ROOT, 'tools/jest/register.js')],
  join(ROOT, 'packages/ar-distill/src/main.ts'),
];

interface Ended {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as a process of its own, as users do. */
function run(...args: string[]): Promise<Ended> {
  return ended(process.execPath, [...COMMAND, ...args]);
}

function ended(program: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }),
    );
  });
}

it('refuses as a process what it refuses in one, in one line and without leaving files', async () => {
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  const plugins = ['--plugins-dir', ROOT];
  const refused = await Promise.all([
    run('sample', '--out', 'picture.jpg', ...plugins),
    run('sample', '--provider', 'cuda', '--plugins-dir', 'nowhere'),
    run('distill', '--threads', '100000', ...plugins),
    run('eval', '--npz', 'pipe', ...plugins),
  ]);
  expect(refused.map(({ code, stdout }) => ({ code, stdout }))).toEqual(
    refused.map(() => ({ code: 2, stdout: '' })),
  );
  expect(refused.map(({ stderr }) => stderr)).toEqual([
    'Error: "picture.jpg" would be a PNG picture: give it a name that ends with ".png".\n',
    `Error: There is no folder "${join(folder, 'nowhere')}" to look for plugins in: name one that is there.\n`,
    expect.stringMatching(/^Error: 100000 threads are too many for this machine: take .*\.\n$/),
    'Error: "pipe" is a pipe where a file is needed: name a file.\n',
  ]);
  expect(readdirSync(folder)).toEqual(['pipe']);
});

// The disk behind this device is always full.
const full = existsSync('/dev/full') ? it : it.skip;
full('fails when what it prints last cannot be written', async () => {
  const words = [process.execPath, ...COMMAND, 'plugins', '--json'];
  expect(await ended('bash', ['-c', 'exec "$@" > /dev/full', 'bash', ...words])).toEqual({
    code: 1,
    stdout: '',
    stderr: 'Error: The output cannot be written (ENOSPC).\n',
  });
});

it('writes nothing of TensorFlow.js when a plugin computes before the engine has started', async () => {
  const { code, stderr } = await run(
    ...['distill', '--preset', 'toy-joint', '--plugins-dir', ROOT, '--samples', '100'],
    ...['--set', 'teacherPoolSize=64', '--set', 'tuning.headIterations=0'],
    ...['--set', 'tuning.fullIterations=2', '--set', 'generatorIterations=2'],
  );
  expect({ code, banner: /TensorFlow\.js|=====/.test(stderr) }).toEqual({ code: 0, banner: false });
  expect(stderr).toMatch(/^stage 1 of 4, teacher-pool 64\/64 \(100%\)$/m);
  expect(stderr).toMatch(/^stage 4 of 4, .* 100\/100 \(100%\)/m);
}, 120_000);

it('says so when a plugin ends the process that checks it, which is no success', async () => {
  const plugin = join(folder, 'ending');
  mkdirSync(plugin);
  writeFileSync(join(plugin, 'package.json'), '{"name":"ar-distill-plugin-ending"}');
  writeFileSync(
    join(plugin, 'index.js'),
    `exports.plugin = { contractVersion: 2, name: 'ending', summary: '', backbones: [{
      name: 'ending', summary: '', smallArchitecture: {}, createTeacher() {}, createNetwork() {},
      architectureSchema: { safeParse: () => process.exit(0) } }] };`,
  );
  const { code, stderr } = await run('plugins', 'check', 'ending', '--backend', 'cpu');
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr:
      'Error: The plugin "ending" ended the process: take out what calls process.exit or awaits a promise that never settles.\n',
  });
});

it('goes on without a plugin that throws when nobody waits for it, and keeps what it prints apart', async () => {
  const plugin = join(folder, 'straying');
  mkdirSync(plugin);
  writeFileSync(join(plugin, 'package.json'), '{"name":"ar-distill-plugin-straying"}');
  writeFileSync(
    join(plugin, 'index.js'),
    `console.log('I am here');
    process.stdout.write('and here\\n');
    Promise.reject(new Error('rejected later'));
    process.nextTick(() => { throw new TypeError('thrown later'); });
    exports.plugin = { contractVersion: 2, name: 'straying', summary: '' };`,
  );
  const { code, stdout, stderr } = await run('plugins', '--plugins-dir', plugin);
  expect(code).toBe(0);
  expect(stdout).toMatch(/straying/);
  expect(stdout).not.toMatch(/here/);
  expect(stderr.split('\n').toSorted()).toEqual([
    '',
    'I am here',
    ...['rejected later at index.js:3:20', 'thrown later at index.js:4:36'].map(
      (what) =>
        `Warning: The plugin "ar-distill-plugin-straying" in ${realpathSync(plugin)} throws while nobody waits for it (${what}): mend it, or remove it.`,
    ),
    'and here',
  ]);
});
