import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '..');
const WINDOWS = process.platform === 'win32';

/** Folders of what a user installs: the command, one plugin, and all that they need from here. */
const PACKED = [
  'packages/nn',
  'packages/core',
  'packages/engine',
  'packages/checkpoints',
  'packages/datasets',
  'packages/runs',
  'packages/metrics',
  'packages/di',
  'packages/cli',
  'plugins/var',
];

interface Manifest {
  readonly name: string;
  readonly version: string;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
}

/** Settings of the npm that runs jest would redirect the npm started here. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([key]) => !/^npm_(config_local|package|lifecycle)/.test(key),
    ),
  );
}

function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', args, {
    cwd,
    encoding: 'utf8',
    shell: WINDOWS,
    env: { ...cleanEnvironment(), NX_DAEMON: 'false', npm_config_loglevel: 'error' },
  });
}

describe('the packed packages, installed outside the workspace', () => {
  let project: string;

  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), 'ar-distill-packed-'));
    // Nearly free when nothing changed since the last build: nx keeps its results.
    npm(ROOT, 'run', 'build');
    const tarballs = join(project, 'tarballs');
    mkdirSync(tarballs);
    npm(ROOT, 'pack', '--pack-destination', tarballs, ...PACKED.map((folder) => `./${folder}`));
    const dependencies = Object.fromEntries(
      PACKED.map(manifestOf).map(({ name, version }) => [
        name,
        `file:tarballs/${name.replace('@', '').replace('/', '-')}-${version}.tgz`,
      ]),
    );
    writeFileSync(
      join(project, 'package.json'),
      JSON.stringify({ name: 'packed-install', private: true, dependencies }),
    );
    // The CUDA libraries of onnxruntime-node are a download of their own.
    writeFileSync(join(project, '.npmrc'), 'onnxruntime-node-install=skip\n');
    npm(project, 'install', '--prefer-offline', '--no-audit', '--no-fund');
  }, 300_000);

  afterAll(() => rmSync(project, { recursive: true, force: true }));

  function write(folder: string, files: Readonly<Record<string, string>>): void {
    mkdirSync(join(project, folder), { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(project, folder, name), text);
    }
  }

  const arDistill = (...args: string[]) =>
    spawnSync('npx', ['--no-install', 'ar-distill', ...args], {
      cwd: project,
      encoding: 'utf8',
      shell: WINDOWS,
      env: { ...cleanEnvironment(), npm_config_loglevel: 'error' },
    });

  it('list the plugin', () => {
    const { status, stdout, stderr } = arDistill('plugins');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('mnist-var');
    expect(stdout).toMatch(/@ar-distill\/plugin-var \d+\.\d+\.\d+ in .*ar-distill-packed-/);
  }, 60_000);

  it('use an ES module of a third party, skip a broken one with a sentence, and run no other', () => {
    const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
    const devDependencies = {
      '@me/ar-distill-plugin-modern': '4.5.6',
      'ar-distill-plugin-broken': '0.0.1',
    };
    write('.', { 'package.json': JSON.stringify({ ...manifest, devDependencies }) });
    write('node_modules/ar-distill-plugin-unasked', {
      'package.json': '{"version":"0.0.1"}',
      'index.js': 'require("fs").writeFileSync("unasked", "ran")',
    });
    write('node_modules/@me/ar-distill-plugin-modern', {
      'package.json': '{"version":"4.5.6","type":"module","exports":"./modern.js"}',
      'modern.js': `
        import { definePlugin } from '@ar-distill/core';
        export default definePlugin({
          name: 'modern', summary: 'An ES module', architectureSchema: {}, presets: {},
          createTeacher() {}, createNetwork() {},
        });`,
    });
    write('node_modules/ar-distill-plugin-broken', {
      'package.json': '{"version":"0.0.1"}',
      'index.js': 'throw new Error("it is broken")',
    });
    const { status, stdout, stderr } = arDistill('plugins');
    expect(stdout).toMatch(
      /^modern {2}An ES module\n {2}@me\/ar-distill-plugin-modern 4\.5\.6 in /m,
    );
    expect(stdout).toContain('mnist-var');
    expect(stderr).toMatch(
      /^Warning: The plugin "ar-distill-plugin-broken" in .* cannot be loaded \(it is broken\): .*\n$/,
    );
    expect(status).toBe(0);
    expect(existsSync(join(project, 'unasked'))).toBe(false);
    write('.', { 'package.json': JSON.stringify(manifest) });
  }, 60_000);

  it('pass the doctor', () => {
    const { status, stdout } = arDistill('doctor');
    expect(stdout).toContain('onnxruntime');
    expect(stdout).toContain('var');
    expect(status).toBe(0);
  }, 60_000);

  it('sample in one step with the generator that ships', () => {
    const { status, stdout, stderr } = arDistill('sample', '--count', '4', '--out', 'grid.png');
    // Progress goes to stderr; nothing else does.
    expect(stderr).not.toMatch(/error|warning/i);
    expect(status).toBe(0);
    expect(stdout).toContain(join('node_modules', '@ar-distill', 'plugin-var'));
    expect(stdout).toContain('Network evaluations per image: 1\n');
    expect(stdout).toMatch(/^4 images in grid\.png, [\d.e-]+ s per image$/m);
    const png = readFileSync(join(project, 'grid.png'));
    expect([...png.subarray(1, 4)]).toEqual([...Buffer.from('PNG')]);
  }, 120_000);

  it('print the version, and one sentence for a mistake', () => {
    expect(arDistill('--version').stdout).toBe(`${manifestOf('packages/cli').version}\n`);
    const { status, stderr } = arDistill('sample', '--preset', 'no-such-preset');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^Error: No plugin has a preset "no-such-preset"; .*\n$/);
  }, 60_000);
});
