import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ROOT } from '@ar-distill/workspace';
import { installAsDocumented } from '../packing/install-as-documented';
import { packWorkspace } from '../packing/pack-workspace';
import { startRegistry, type Registry } from '../packing/registry';
import { mustRun, runCommand, userEnvironment, type Finished } from '../packing/run-command';

// A distillation of three minutes takes five times as long on a machine that has other work.
const MINUTES = 2_400_000;
const folder = mkdtempSync(join(tmpdir(), 'ar-distill-installed-'));
const project = join(folder, 'project');
let registry: Registry;

beforeAll(async () => {
  const packed = await packWorkspace(join(folder, 'tarballs'));
  registry = await startRegistry(packed);
  const { status, stderr } = await installAsDocumented(project, packed, registry);
  expect({ status, stderr: stderr.match(/^npm (warn|error).*$/gim) }).toEqual({
    status: 0,
    stderr: null,
  });
}, MINUTES);

afterAll(async () => {
  await registry?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('what the README installs', () => {
  const arDistill = (...args: string[]) =>
    runCommand(project, ['npx', '--no-install', 'ar-distill', ...args]);

  it(
    'evaluates the generator that ships',
    async () => {
      const { status, stdout } = await arDistill('eval', '--samples', '1000');
      expect(status).toBe(0);
      expect(stdout).toMatch(/FID-MNIST/);
    },
    MINUTES,
  );

  it(
    'distils, and measures what came out',
    async () => {
      const { status, stdout } = await arDistill('distill', '--quick');
      expect(status).toBe(0);
      expect(stdout).toMatch(/FID-MNIST/);
      const report = readFileSync(join(project, 'runs/00000-mnist-var/report.md'), 'utf8');
      expect(report).toMatch(/^\| .*FID-MNIST.*\|$/m);
      expect(report).toMatch(/^\|.*DD2 generator.*\| +\**1\** +\| +\**[\d.]+\**/m);
    },
    MINUTES,
  );
});

describe.each(['20.19.1', '20', '22.12.0', '22', '24'])('Node %s', (version) => {
  let node: string;

  beforeAll(async () => {
    const place = join(folder, `node-${version}`);
    mkdirSync(place);
    writeFileSync(join(place, 'package.json'), '{"private":true}');
    const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
    await mustRun(place, ['npm', 'install', '--ignore-scripts', `${name}@${version}`]);
    node = join(place, 'node_modules', name, 'bin');
    expect((await mustRun(place, [join(node, 'node'), '--version'])).trim()).toMatch(
      new RegExp(`^v${version}\\b`),
    );
  }, MINUTES);

  const environment = (): NodeJS.ProcessEnv =>
    userEnvironment({ PATH: `${node}${delimiter}${process.env['PATH']}` });

  const arDistill = (...args: string[]): Promise<Finished> =>
    runCommand(project, ['node', 'node_modules/ar-distill/dist/main.js', ...args], environment());

  it(
    'runs a step and draws images',
    async () => {
      const doctor = await arDistill('doctor');
      expect(doctor.stdout).toMatch(new RegExp(`^ok +Node: ${version}\\b`, 'm'));
      expect(doctor.stdout).toMatch(/^ok +Engine: /m);
      expect(doctor.status).toBe(0);
      const out = `node-${version}.png`;
      const { status, stderr } = await arDistill('sample', '--count', '2', '--out', out);
      expect(stderr).not.toMatch(/error|warning/i);
      expect(status).toBe(0);
      expect(existsSync(join(project, out))).toBe(true);
    },
    MINUTES,
  );

  it(
    'exports a model, writes a web page of it, and draws from a program',
    async () => {
      const model = `model-${version}`;
      const site = `site-${version}`;
      const program = `digits-${version}.mjs`;
      const exporting = [
        'export',
        '--onnx',
        'fp32',
        '--teacher',
        '--samples',
        '16',
        '--out',
        model,
      ];
      const sampling = ['sample', '--weights', model, '--count', '2', '--out', `${model}.png`];
      for (const args of [exporting, ['play', model, '--static', site], sampling]) {
        const { status, stderr } = await arDistill(...args);
        expect({ status, warnings: stderr.match(/^.*(?:error|warning).*$/gim) }).toEqual({
          status: 0,
          warnings: null,
        });
      }
      for (const file of ['README.md', 'config.json', 'generator.onnx', 'generator.py']) {
        expect([file, existsSync(join(project, model, file))]).toEqual([file, true]);
      }
      expect(existsSync(join(project, site, 'index.html'))).toBe(true);
      const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
      const lines = /^```js\n(import [\s\S]*?)^```$/m.exec(readme)![1]!;
      writeFileSync(join(project, program), lines);
      rmSync(join(project, 'digits.png'), { force: true });
      expect(await runCommand(project, ['node', program], environment())).toEqual({
        status: 0,
        stdout: '',
        stderr: '',
      });
      expect(existsSync(join(project, 'digits.png'))).toBe(true);
    },
    MINUTES,
  );

  it.each([
    [
      'CommonJS',
      'commonjs',
      "const { definePlugin } = require('@ar-distill/core'); exports.plugin =",
    ],
    ['ES module', 'module', "import { definePlugin } from '@ar-distill/core';\nexport default"],
  ])(
    'gives its packages to a plugin elsewhere that is %s',
    async (_kind, type, head) => {
      // In no node_modules, where Node 22.12 warns of ES modules that are required.
      const name = `ar-distill-plugin-${type}`;
      const place = join(folder, 'elsewhere', version, name);
      const decoy = join(place, 'node_modules/@ar-distill/core');
      mkdirSync(decoy, { recursive: true });
      writeFileSync(join(decoy, 'package.json'), '{"version":"0.1.9","main":"index.js"}');
      writeFileSync(join(decoy, 'index.js'), 'throw new Error("another copy has run")');
      writeFileSync(
        join(place, 'package.json'),
        JSON.stringify({
          ...{ name, type, version: '1.0.0', main: 'index.js' },
          peerDependencies: { '@ar-distill/core': '^0.1.0' },
        }),
      );
      writeFileSync(
        join(place, 'index.js'),
        `${head} definePlugin({ name: '${type}', summary: 'from elsewhere' });`,
      );
      const { status, stdout, stderr } = await arDistill('plugins', '--plugins-dir', place);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain(`${type}  from elsewhere\n`);
    },
    MINUTES,
  );

  it(
    'says what keeps an ES module elsewhere from loading',
    async () => {
      const name = 'ar-distill-plugin-broken';
      const place = join(folder, 'elsewhere', version, name);
      mkdirSync(place, { recursive: true });
      writeFileSync(
        join(place, 'package.json'),
        JSON.stringify({
          ...{ name, type: 'module', version: '1.0.0', main: 'index.js' },
          peerDependencies: { '@ar-distill/core': '^0.1.0' },
        }),
      );
      writeFileSync(
        join(place, 'index.js'),
        "import '@ar-distill/core';\nthrow new Error('the cause');",
      );
      const { status, stderr } = await arDistill('plugins', '--plugins-dir', place);
      expect(stderr).toMatch(/^Warning: [^\n]*"ar-distill-plugin-broken"[^\n]*the cause[^\n]*\n$/);
      expect(status).toBe(0);
    },
    MINUTES,
  );
});
