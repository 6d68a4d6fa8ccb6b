import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, workspacePackages, type WorkspacePackage } from '@ar-distill/workspace';

const WINDOWS = process.platform === 'win32';

/** What a user installs. */
const INSTALLED = ['ar-distill', '@ar-distill/plugin-var'];
const BY_NAME = new Map(
  workspacePackages('packages', 'plugins').map((one) => [one.manifest.name, one]),
);

/** The packages of that name and all that they need from this repository. */
function neededFor(names: readonly string[]): WorkspacePackage[] {
  const needed = new Set<WorkspacePackage>();
  const add = (name: string): void => {
    const found = BY_NAME.get(name);
    if (!found || needed.has(found)) return;
    needed.add(found);
    const { dependencies, peerDependencies } = found.manifest;
    for (const other of Object.keys({ ...dependencies, ...peerDependencies })) add(other);
  };
  for (const name of names) add(name);
  return [...needed];
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
    const packed = neededFor(INSTALLED);
    const folders = packed.map(({ kind, folder }) => `./${kind}/${folder}`);
    npm(ROOT, 'pack', '--pack-destination', tarballs, ...folders);
    const files = Object.fromEntries(
      packed.map(({ manifest: { name, version } }) => [
        name,
        `file:tarballs/${name.replace('@', '').replace('/', '-')}-${version}.tgz`,
      ]),
    );
    const isAsked = ([name]: [string, string]): boolean => INSTALLED.includes(name);
    const entries = Object.entries(files);
    writeFileSync(
      join(project, 'package.json'),
      JSON.stringify({
        name: 'packed-install',
        private: true,
        dependencies: Object.fromEntries(entries.filter(isAsked)),
        // What they need comes from here, too, and not from the registry.
        overrides: Object.fromEntries(entries.filter((entry) => !isAsked(entry))),
      }),
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

  it('list the plugin, and the data set that comes with the command', () => {
    const { status, stdout, stderr } = arDistill('plugins');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('mnist-var');
    expect(stdout).toMatch(/@ar-distill\/plugin-var \d+\.\d+\.\d+ in .*ar-distill-packed-/);
    expect(stdout).toMatch(/@ar-distill\/plugin-mnist \d+\.\d+\.\d+ in .*ar-distill-packed-/);
  }, 180_000);

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
          name: 'modern', summary: 'An ES module',
          backbones: [{
            name: 'modern', summary: 'No network', architectureSchema: {},
            createTeacher() {}, createNetwork() {},
          }],
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
  }, 180_000);

  it('pass the doctor', () => {
    const { status, stdout } = arDistill('doctor');
    expect(stdout).toContain('onnxruntime');
    expect(stdout).toContain('var');
    expect(status).toBe(0);
  }, 180_000);

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
  }, 300_000);

  it('make images in a program', () => {
    write('.', {
      'draw.cjs': `
        const { ImageGenerator } = require('ar-distill');
        (async () => {
          const generator = await ImageGenerator.fromPretrained('mnist-var');
          const { images } = await generator.generate({ classes: [3, 8], seed: 1 });
          require('node:fs').writeFileSync('eight.png', images[1].toPng());
          console.log(JSON.stringify(images.map(({ label, height, width }) => [label, height, width])));
          await generator.dispose();
        })();`,
    });
    const { status, stdout, stderr } = spawnSync('node', ['draw.cjs'], {
      cwd: project,
      encoding: 'utf8',
      shell: WINDOWS,
      env: cleanEnvironment(),
    });
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: '[[3,32,32],[8,32,32]]\n',
      stderr: '',
    });
    expect(readFileSync(join(project, 'eight.png')).subarray(1, 4).toString()).toBe('PNG');
  }, 300_000);

  it('print the version, and one sentence for a mistake', () => {
    expect(arDistill('--version').stdout).toBe(`${BY_NAME.get('ar-distill')!.manifest.version}\n`);
    const { status, stderr } = arDistill('sample', '--preset', 'no-such-preset');
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^Error: There is no preset "no-such-preset": known are .*mnist-var.*\n$/,
    );
  }, 180_000);
});
