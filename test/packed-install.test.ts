import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { declarationComplaints, entriesOf, ROOT, workspacePackages } from '@ar-distill/workspace';
import { installAsDocumented } from './packing/install-as-documented';
import { packWorkspace, type PackedPackage } from './packing/pack-workspace';
import { startRegistry, type Registry } from './packing/registry';
import { GOT_ALL, PRINT_WHAT_IT_GOT, writeForeignPlugin } from './plugin-loading/foreign-plugin';
import { mustRun, runCommand, userEnvironment, type Finished } from './packing/run-command';

const MINUTES = 300_000;
const ENTRIES = workspacePackages('packages', 'plugins').flatMap(entriesOf);
const SPECIFIERS = ENTRIES.map(({ specifier }) => specifier);

const folder = mkdtempSync(join(tmpdir(), 'ar-distill-packed-'));
// As folders of people are called.
const project = join(folder, 'Mon projet n° 1 – déjà vu');
let packed: PackedPackage[];
let registry: Registry;
let installed: Finished;

function write(directory: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(join(project, directory), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(project, directory, name), text);
  }
}

const arDistill = (...args: string[]) =>
  runCommand(project, ['npx', '--no-install', 'ar-distill', ...args]);

const runScript = async (file: string, text: string): Promise<Finished> => {
  write('.', { [file]: text });
  return runCommand(project, ['node', file]);
};

beforeAll(async () => {
  packed = await packWorkspace(join(folder, 'tarballs'));
  registry = await startRegistry(packed);
  installed = await installAsDocumented(project, packed, registry);
}, MINUTES);

afterAll(async () => {
  await registry?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the packages, installed as the README says in an empty folder', () => {
  it('are installed without a warning about settings, and no script of a package has run', () => {
    expect(installed.stderr).not.toMatch(/warn.*(config|setting)|ERR!/i);
    expect(installed.status).toBe(0);
    const library = 'node_modules/onnxruntime-node/bin/napi-v6/linux/x64';
    expect(existsSync(join(project, library, 'libonnxruntime.so.1'))).toBe(true);
    expect(existsSync(join(project, library, 'libonnxruntime_providers_cuda.so'))).toBe(false);
  });

  it('list the plugin, and the data set that comes with the command', async () => {
    const { status, stdout, stderr } = await arDistill('plugins');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('mnist-var');
    expect(stdout).toMatch(/@ar-distill\/plugin-var \d+\.\d+\.\d+ in .*ar-distill-packed-/);
    expect(stdout).toMatch(/@ar-distill\/plugin-mnist \d+\.\d+\.\d+ in .*ar-distill-packed-/);
  }, 180_000);

  it('use an ES module of a third party, skip a broken one with a sentence, and run no other', async () => {
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
    const { status, stdout, stderr } = await arDistill('plugins');
    expect(stdout).toMatch(
      /^modern {2}An ES module\n {2}@me\/ar-distill-plugin-modern 4\.5\.6 in /m,
    );
    expect(stdout).toContain('mnist-var');
    expect(stderr).toMatch(
      /^Warning: The plugin "ar-distill-plugin-broken" in .* cannot be loaded \(.*it is broken.*\n$/,
    );
    expect(status).toBe(0);
    expect(existsSync(join(project, 'unasked'))).toBe(false);
    write('.', { 'package.json': JSON.stringify(manifest) });
  }, 180_000);

  it.each([
    ['commonjs', false],
    ['commonjs', true],
    ['module', false],
    ['module', true],
  ] as const)(
    'are given to a plugin elsewhere (%s), whatever copies it finds: %s',
    async (type, copies) => {
      const place = join(folder, `${type}-${copies}`);
      writeForeignPlugin(place, type, { copies });
      const printed = await mustRun(project, ['node', '-e', PRINT_WHAT_IT_GOT, place]);
      expect(JSON.parse(printed)).toEqual(GOT_ALL);
    },
    60_000,
  );

  it('are given to an ES module elsewhere, also where NODE_PATH leads to them', async () => {
    // The shims of pnpm set it; `require` looks there, and `import` does not.
    const place = join(folder, 'elsewhere with NODE_PATH');
    writeForeignPlugin(place, 'module', { copies: false });
    const environment = userEnvironment({ NODE_PATH: join(project, 'node_modules') });
    const printed = await mustRun(project, ['node', '-e', PRINT_WHAT_IT_GOT, place], environment);
    expect(JSON.parse(printed)).toEqual(GOT_ALL);
  }, 60_000);

  it('say what keeps an ES module elsewhere from loading', async () => {
    const place = join(folder, 'broken');
    writeForeignPlugin(place, 'module', { copies: false });
    const text = "import '@ar-distill/core';\nthrow new Error('the cause');";
    writeFileSync(join(place, 'node_modules/ar-distill-plugin-x/index.js'), text);
    const printed = await mustRun(project, ['node', '-e', PRINT_WHAT_IT_GOT, place]);
    expect(JSON.parse(printed)).toMatchObject({
      problems: [expect.stringMatching(/cannot be loaded \(the cause at index\.js:2:7\): /)],
    });
  }, 60_000);

  it('pass the doctor, which names the command that fetches the libraries of CUDA', async () => {
    const { status, stdout } = await arDistill('doctor');
    expect(stdout).toContain('onnxruntime');
    expect(stdout).toContain('var');
    expect(status).toBe(0);
    const [, script] = /onnxruntime cuda: .*: node "(.+)"$/m.exec(stdout) ?? [];
    if (process.platform === 'linux' && process.arch === 'x64') {
      expect(existsSync(script!)).toBe(true);
    }
  }, 180_000);

  it(
    'sample in one step with the generator that ships',
    async () => {
      const { status, stdout, stderr } = await arDistill(
        'sample',
        '--count',
        '4',
        '--out',
        'grid.png',
      );
      // Progress goes to stderr; nothing else does.
      expect(stderr).not.toMatch(/error|warning/i);
      expect(status).toBe(0);
      expect(stdout).toContain(join('node_modules', '@ar-distill', 'plugin-var'));
      expect(stdout).toContain('Network evaluations per image: 1\n');
      expect(stdout).toMatch(/^4 images in grid\.png, /m);
      const png = readFileSync(join(project, 'grid.png'));
      expect([...png.subarray(1, 4)]).toEqual([...Buffer.from('PNG')]);
    },
    MINUTES,
  );

  it(
    'make images in a program',
    async () => {
      const ended = await runScript(
        'draw.cjs',
        `const { ImageGenerator } = require('ar-distill');
      (async () => {
        const generator = await ImageGenerator.fromPretrained('mnist-var');
        const { images } = await generator.generate({ classes: [3, 8], seed: 1 });
        require('node:fs').writeFileSync('eight.png', images[1].toPng());
        console.log(JSON.stringify(images.map(({ label, height, width }) => [label, height, width])));
        await generator.dispose();
      })();`,
      );
      expect(ended).toEqual({ status: 0, stdout: '[[3,32,32],[8,32,32]]\n', stderr: '' });
      expect(readFileSync(join(project, 'eight.png')).subarray(1, 4).toString()).toBe('PNG');
    },
    MINUTES,
  );

  it('work as far as they can where ONNX Runtime has no library, and say so', async () => {
    const libraries = join(project, 'node_modules/onnxruntime-node/bin');
    renameSync(libraries, `${libraries}-away`);
    try {
      expect((await arDistill('plugins')).stderr).toBe('');
      const sentence =
        /onnxruntime-node cannot be loaded on \w+ \w+ \(Cannot find module '[^\n]*'\): /;
      const drawn = await arDistill('sample', '--count', '1', '--out', 'never.png');
      expect(drawn).toMatchObject({ status: 1, stderr: expect.stringMatching(sentence) });
      expect(drawn.stderr).toMatch(/^Error: .*\.$/m);
      const { status, stdout } = await arDistill('doctor');
      expect(stdout).toMatch(/^wrong +Engine: .*onnxruntime-node cannot be loaded on /m);
      expect(status).toBe(1);
    } finally {
      renameSync(`${libraries}-away`, libraries);
    }
  }, 180_000);

  it('print the version, and one sentence for a mistake', async () => {
    const { version } = packed.find(({ name }) => name === 'ar-distill')!;
    expect((await arDistill('--version')).stdout).toBe(`${version}\n`);
    const { stderr } = await arDistill('sample', '--preset', 'no-such-preset');
    expect(stderr).toMatch(
      /^Error: There is no preset "no-such-preset": known are .*mnist-var.*\n$/,
    );
  }, 180_000);
});

describe('the packed packages', () => {
  it('hold what runs and what it is built from, no tests, snapshots or notes of the build', () => {
    expect(packed).toHaveLength(workspacePackages('packages', 'plugins').length);
    for (const { name, paths } of packed) {
      expect([name, paths]).toEqual([
        name,
        expect.arrayContaining([
          'package.json',
          'README.md',
          'LICENSE',
          'dist/index.js',
          'src/index.ts',
        ]),
      ]);
      const unwanted = /\.tsbuildinfo$|__snapshots__|\.test\.|^etc\/|^tsconfig|^test/;
      expect([name, paths.filter((path) => unwanted.test(path))]).toEqual([name, []]);
    }
  });

  it(
    'are clean for publint and attw',
    async () => {
      const script = 'tools/workspace/src/tarballs/main.ts';
      const register = './tools/jest/register.js';
      const files = packed.map(({ file }) => file);
      const { status, stdout, stderr } = await runCommand(ROOT, [
        'node',
        ...['-C', '@ar-distill/source', '-r', register, script, ...files],
      ]);
      expect(stderr.replace(/^.*ExperimentalWarning.*\n.*\n/m, '')).toBe('');
      expect(stdout).toBe(`${packed.length} packages, 0 complaints\n`);
      expect(status).toBe(0);
    },
    MINUTES,
  );

  describe('with all others beside them', () => {
    beforeAll(async () => {
      // The registry here serves the scope alone.
      const others = packed.flatMap(({ name, file }) =>
        name === 'ar-distill' ? [] : [name.startsWith('@') ? name : file],
      );
      const options = ['--ignore-scripts', '--prefer-offline', ...registry.npmArguments];
      await mustRun(project, ['npm', 'install', ...options, ...others]);
    }, MINUTES);

    it('export the same to import as to require, by name and by default', async () => {
      const { status, stdout, stderr } = await runScript(
        'alike.mjs',
        `import { createRequire } from 'node:module';
        const require = createRequire(import.meta.url);
        const differences = [];
        for (const name of ${JSON.stringify(SPECIFIERS)}) {
          const required = require(name);
          const imported = await import(name);
          const names = Object.keys(required).filter((key) => key !== 'default').sort();
          const own = Object.keys(imported).filter((key) => !/^(default|module\\.exports|__esModule)$/.test(key)).sort();
          if (names.join() !== own.join()) differences.push([name, names, own]);
          for (const key of names) if (required[key] !== imported[key]) differences.push([name, key]);
          const whole = 'default' in required ? required.default : required;
          if (imported.default !== whole) differences.push([name, 'default']);
        }
        console.log(JSON.stringify(differences));`,
      );
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '[]\n', stderr: '' });
    }, 120_000);

    it(
      'have declarations that TypeScript takes without skipLibCheck',
      async () => {
        // Of Node's own declarations, which a project of TypeScript has.
        const types = readFileSync(join(ROOT, 'node_modules/@types/node/package.json'), 'utf8');
        const options = ['--ignore-scripts', '--prefer-offline', '--no-save'];
        const wanted = `@types/node@${JSON.parse(types).version}`;
        await mustRun(project, ['npm', 'install', ...options, ...registry.npmArguments, wanted]);
        const imports = SPECIFIERS.map(
          (name, i) => `import * as m${i} from '${name}';\nvoid m${i};\n`,
        );
        write('.', { 'all.mts': imports.join(''), 'all.cts': imports.join('') });
        expect(declarationComplaints(project, ['all.mts', 'all.cts'])).toEqual([]);
      },
      MINUTES,
    );
  });
});
