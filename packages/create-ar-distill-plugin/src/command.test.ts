import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './command';
import { ownManifest, ownVersion, pluginFiles } from './plugin-files';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ar-distill-create-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

function create(...args: string[]) {
  let [stdout, stderr] = ['', ''];
  const code = run(args, {
    cwd,
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  });
  return { code, stdout, stderr };
}

const textOf = (...path: string[]): string => readFileSync(join(cwd, ...path), 'utf8');

it('writes a whole plugin of that name, and says what comes next', () => {
  expect(create('row-order')).toEqual({
    code: 0,
    stdout:
      'Wrote the plugin "row-order" to ar-distill-plugin-row-order\n' +
      'Next: cd ar-distill-plugin-row-order && npm install --ignore-scripts && npm run check\n',
    stderr: '',
  });
  expect(readdirSync(cwd)).toEqual(['ar-distill-plugin-row-order']);
  expect(readdirSync(join(cwd, 'ar-distill-plugin-row-order')).sort()).toEqual(
    ['.gitignore', 'README.md', 'package.json', 'src', 'tsconfig.json'].sort(),
  );
  const manifest = JSON.parse(textOf('ar-distill-plugin-row-order', 'package.json'));
  expect(manifest.name).toBe('ar-distill-plugin-row-order');
  expect(manifest.peerDependencies).toEqual({
    '@ar-distill/backbone-kit': `^${ownVersion()}`,
    '@ar-distill/core': `^${ownVersion()}`,
    '@ar-distill/nn': `^${ownVersion()}`,
    '@tensorflow/tfjs': '^4.22.0',
  });
  expect(textOf('ar-distill-plugin-row-order', 'src', 'index.ts')).toContain("name: 'row-order'");
});

it('writes at most 150 lines, in which the names of the template are gone', () => {
  const texts = Object.values(pluginFiles('x')).join('');
  expect(texts.split('\n').length - 1).toBeLessThanOrEqual(150);
  expect(texts).not.toMatch(/my-family|AR_DISTILL_VERSION/);
  expect(texts).toContain('ar-distill-plugin-x');
});

it('writes to the folder of --dir, however deep', () => {
  const quoted = process.platform === 'win32' ? '"deep er/mine"' : "'deep er/mine'";
  expect(create('x', '--dir', 'deep er/mine')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`Next: cd ${quoted} && npm `),
  });
  expect(existsSync(join(cwd, 'deep er/mine/src/model.ts'))).toBe(true);
  expect(readdirSync(join(cwd, 'deep er'))).toEqual(['mine']);
});

const posix = process.platform === 'win32' ? it.skip : it;
posix('shows names of folders that neither a terminal obeys nor a shell', () => {
  const { code, stdout } = create('x', '--dir', "$(touch it)'s \u001b[2J\n`x`");
  expect(code).toBe(0);
  expect(stdout).toBe(
    'Wrote the plugin "x" to $(touch it)\'s ?[2J?`x`\n' +
      "Next: cd '$(touch it)'\\''s ?[2J?`x`' && npm install --ignore-scripts && npm run check\n",
  );
});

it.each(['folder', 'file'])('leaves a %s alone that is there', (kind) => {
  const taken = join(cwd, 'ar-distill-plugin-x');
  if (kind === 'folder') mkdirSync(taken);
  else writeFileSync(taken, 'mine');
  expect(create('x')).toEqual({
    code: 2,
    stdout: '',
    stderr: `Error: There is a "${taken}" already: remove it, or name another folder with --dir.\n`,
  });
  expect(kind === 'folder' ? readdirSync(taken) : textOf('ar-distill-plugin-x')).toEqual(
    kind === 'folder' ? [] : 'mine',
  );
});

it('leaves nothing behind where it cannot write', () => {
  writeFileSync(join(cwd, 'file'), '');
  const { code, stdout, stderr } = create('x', '--dir', 'file/plugin');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(
    /^Error: The plugin cannot be written to ".*plugin" \(\w+: [\w ]+\): name another folder with --dir\.\n$/,
  );
  expect(readdirSync(cwd)).toEqual(['file']);
});

it.each([
  [['Foo'], /^The name "Foo" must start with a lower-case letter and have /],
  [['1a'], /^The name "1a" must/],
  [['a_b'], /^The name "a_b" must/],
  [['../x'], /^The name "..\/x" must/],
  [[''], /^The name "" must/],
  [['a\u001b[2J'], /^The name "a\\u001b\[2J" must/],
  [['a'.repeat(101)], /^The name "a+" must/],
  [['ar-distill-plugin-x'], /^The package gets "ar-distill-plugin-" in front of its name: leave/],
  [['var'], /^AR-Distill has a plugin "var" itself: choose another name\.$/],
  [[], /^Name the plugin: npm create ar-distill-plugin NAME\.$/],
  [['a', 'b'], /^One name is enough: leave "b" out\.$/],
  [['a', '\u001b[2J\n'], /^One name is enough: leave "\?\[2J\?" out\.$/],
  [['--\u001b[2J'], /^Unknown option '--\?\[2J': see --help\.$/],
  [['a', '--dir', ''], /^The folder of --dir has no name: give it one\.$/],
  [['a', '--family', 'b'], /^Unknown option '--family': see --help\.$/],
  [['a', '--dir'], /^Option '--dir <value>' argument missing: see --help\.$/],
])('refuses %j with one sentence', (args, sentence) => {
  const { code, stdout, stderr } = create(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr.replace(/^Error: /, '').trimEnd()).toMatch(sentence);
  expect(stderr.split('\n')).toHaveLength(2);
  expect(readdirSync(cwd)).toEqual([]);
});

it('knows the names of the plugins that come with AR-Distill', () => {
  const plugins = join(__dirname, '../../../plugins');
  expect(readdirSync(plugins).sort()).toEqual(ownManifest().takenNames);
});

it('prints its version and its options', () => {
  expect(create('--version')).toEqual({ code: 0, stdout: `${ownVersion()}\n`, stderr: '' });
  expect(create('--help').stdout).toContain('--dir <folder>');
});
