import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { version } from '@ar-distill/core/package.json';
import { discoverPlugins } from './discover-plugins';
import { findPluginPackages, type PluginPlaces } from './find-plugin-packages';
import { isPluginPackageName } from './plugin-package';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'ar-distill-plugins-')));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A plugin's source; `backbone` and `overrides` add to its backbone and to itself. */
const plugin = (name: string, overrides = '', backbone = ''): string => `{
  contractVersion: 2, name: '${name}', summary: 'A test plugin',
  backbones: [{
    name: '${name.toLowerCase().replace(/[^a-z]/g, '')}', summary: '', architectureSchema: {},
    createTeacher() {}, createNetwork() {}, ${backbone} }],
  presets: { tiny: { summary: '', backbone: '${name}', architecture: {}, teacherSampling: {}, methods: {} } },
  ${overrides} }`;

/** Writes files below the temporary folder. */
function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

/** A package whose entry is `source`. */
function install(folder: string, source: string, version = '1.2.3'): void {
  write({
    [`${folder}/package.json`]: JSON.stringify({ version, main: 'entry.js' }),
    [`${folder}/entry.js`]: source,
  });
}

/** A package.json that asks for these packages. */
function ask(folder: string, names: readonly string[], field = 'dependencies'): void {
  const versions = Object.fromEntries(names.map((name) => [name, '*']));
  write({ [join(folder, 'package.json')]: JSON.stringify({ [field]: versions }) });
}

/** Discovery in a project that depends on these packages. */
function discover(...names: readonly string[]): ReturnType<typeof discoverPlugins> {
  ask('.', names);
  return discoverPlugins({ cwd: root });
}

const namesOf = (places: Partial<PluginPlaces>): string[] =>
  findPluginPackages({ cwd: root, ...places }).packages.map(({ packageName }) => packageName);

const messagesOf = (cwd: string): string[] =>
  findPluginPackages({ cwd }).problems.map(({ message }) => message);

describe('isPluginPackageName', () => {
  it.each(['@ar-distill/plugin-var', 'ar-distill-plugin-mar', '@me/ar-distill-plugin-mar'])(
    'takes %s',
    (name) => expect(isPluginPackageName(name)).toBe(true),
  );
  it.each([
    '@ar-distill/core',
    'plugin-var',
    '@me/plugin-var',
    'ar-distill-plugin-',
    'x/y/z',
    'ar-distill-plugin-x\\..\\y',
  ])('refuses %s', (name) => expect(isPluginPackageName(name)).toBe(false));
});

describe('findPluginPackages', () => {
  it('takes what the nearest package.json names, from wherever Node finds it', () => {
    const fields = ['dependencies', 'devDependencies', 'optionalDependencies'];
    for (const [i, field] of fields.entries()) {
      install(`${i % 2 ? '' : 'a/'}node_modules/@me/ar-distill-plugin-${i}`, '');
      ask(`a/${field}`, [`@me/ar-distill-plugin-${i}`, 'express'], field);
      expect(namesOf({ cwd: join(root, 'a', field, 'src') })).toEqual([
        `@me/ar-distill-plugin-${i}`,
      ]);
    }
    ask('a/peer', ['@me/ar-distill-plugin-0'], 'peerDependencies');
    expect(namesOf({ cwd: join(root, 'a/peer') })).toEqual([]);
  });

  it('takes nothing else that lies around', () => {
    const places = ['', 'a/', 'a/b/'];
    for (const place of places)
      install(`${place}node_modules/ar-distill-plugin-x${place.length}`, '');
    ask('.', ['ar-distill-plugin-x0']);
    ask('a/b', []);
    // Neither what nobody asked for, nor what a package.json further up asks for.
    expect(namesOf({ cwd: join(root, 'a/b/c') })).toEqual([]);
    expect(namesOf({ cwd: join(root, 'a') })).toEqual(['ar-distill-plugin-x0']);
    rmSync(join(root, 'package.json'));
    expect(namesOf({ cwd: join(root, 'a') })).toEqual([]);
  });

  it('takes the dependencies of the command itself', () => {
    install('node_modules/ar-distill', '');
    for (const name of ['own', 'optional', 'dev', 'beside']) {
      install(`node_modules/ar-distill-plugin-${name}`, '');
    }
    install('node_modules/ar-distill/node_modules/ar-distill-plugin-own', '');
    const application = join(root, 'node_modules/ar-distill');
    write({
      'node_modules/ar-distill/package.json': JSON.stringify({
        dependencies: { 'ar-distill-plugin-own': '1' },
        optionalDependencies: { 'ar-distill-plugin-optional': '1' },
        devDependencies: { 'ar-distill-plugin-dev': '1' },
      }),
    });
    ask('.', []);
    const { packages } = findPluginPackages({ cwd: tmpdir(), application });
    expect(packages.map(({ directory }) => directory.slice(root.length + 1))).toEqual([
      'node_modules/ar-distill-plugin-optional',
      'node_modules/ar-distill/node_modules/ar-distill-plugin-own',
    ]);
  });

  it.each(['ar-distill', '@ar-distill/cli'])('takes what lies beside a global %s', (name) => {
    install(`lib/node_modules/${name}`, '');
    install('lib/node_modules/ar-distill-plugin-beside', '');
    install('node_modules/ar-distill-plugin-above', '');
    mkdirSync(join(root, 'work'));
    const places = { cwd: join(root, 'work'), application: join(root, 'lib/node_modules', name) };
    expect(namesOf(places)).toEqual(['ar-distill-plugin-beside']);
    // In a project it is not global.
    ask('lib', []);
    expect(namesOf(places)).toEqual([]);
  });

  it('takes a given folder: what it holds, or itself', () => {
    install('given/node_modules/ar-distill-plugin-held', '');
    install('node_modules/ar-distill-plugin-above', '');
    write({ 'plugin/package.json': '{"name":"ar-distill-plugin-self"}' });
    write({ 'other/package.json': '{"name":"express"}' });
    const pluginFolders = ['given', 'plugin', 'other', 'missing'].map((name) => join(root, name));
    expect(namesOf({ pluginFolders })).toEqual([
      'ar-distill-plugin-held',
      'ar-distill-plugin-self',
    ]);
  });

  it('reports a linked workspace once, under its real folder', () => {
    install('work/plugin', '');
    mkdirSync(join(root, 'node_modules'));
    mkdirSync(join(root, 'app/node_modules'), { recursive: true });
    symlinkSync(join(root, 'work/plugin'), join(root, 'node_modules/ar-distill-plugin-x'));
    symlinkSync(join(root, 'work/plugin'), join(root, 'app/node_modules/ar-distill-plugin-x'));
    symlinkSync(join(root, 'nowhere'), join(root, 'node_modules/ar-distill-plugin-dangling'));
    ask('app', ['ar-distill-plugin-x', 'ar-distill-plugin-dangling'], 'devDependencies');
    const found = findPluginPackages({ cwd: join(root, 'app'), pluginFolders: [root] });
    expect(found.packages.map(({ directory }) => directory)).toEqual([join(root, 'work/plugin')]);
    expect(found.problems).toEqual([]);
  });

  it('says when a dependency is not installed', () => {
    ask('.', ['ar-distill-plugin-x']);
    expect(messagesOf(root)).toEqual([
      `The plugin "ar-distill-plugin-x" that "${join(root, 'package.json')}" names is not installed: run "npm install --ignore-scripts" there.`,
    ]);
  });

  it("says of a dependency of the command's what to install, which is not the command's own folder", () => {
    const application = join(root, 'node_modules/ar-distill');
    write({
      'node_modules/ar-distill/package.json':
        '{"name":"ar-distill","dependencies":{"ar-distill-plugin-x":"1"}}',
    });
    const { problems } = findPluginPackages({ cwd: tmpdir(), application });
    expect(problems.map(({ message }) => message)).toEqual([
      `The plugin "ar-distill-plugin-x" that "${join(application, 'package.json')}" names is not installed: install ar-distill again.`,
    ]);
  });

  it.each([
    ['a list', '[]', /is no JSON object: mend it/],
    ['null', 'null', /is no JSON object: mend it/],
    ['no JSON', '{"dependencies": {', /cannot be read \(.+\): mend it/],
    ['huge', `{"x":"${'x'.repeat(2 ** 20)}"}`, /cannot be read \(it has more than 1048576 bytes\)/],
    ['nested without end', `{"x":${'['.repeat(400_000)}`, /cannot be read \(.+\): mend it/],
  ])('meets a package.json that is %s with one sentence', (_what, text, sentence) => {
    write({ 'package.json': text });
    const messages = messagesOf(root);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatch(sentence);
    expect(messages[0]!.slice(0, 300)).toContain(`"${join(root, 'package.json')}"`);
  });

  it('meets a package.json that is a folder or a pipe with one sentence', () => {
    mkdirSync(join(root, 'a/package.json'), { recursive: true });
    expect(messagesOf(join(root, 'a'))).toEqual([expect.stringMatching(/it is no plain file/)]);
    if (process.platform === 'win32') return;
    execFileSync('mkfifo', [join(root, 'package.json')]);
    expect(messagesOf(root)).toEqual([expect.stringMatching(/it is no plain file/)]);
  });

  it('takes no harm from odd dependencies', () => {
    write({
      'package.json':
        '{"dependencies":["ar-distill-plugin-x"],"devDependencies":null,"optionalDependencies":' +
        '{"__proto__":"1","constructor":"1","ar-distill-plugin-x/../../y":"1"}}',
    });
    expect(findPluginPackages({ cwd: root })).toEqual({ packages: [], problems: [] });
  });
});

describe('discoverPlugins', () => {
  it('takes the default export, "plugin", or the module itself', () => {
    install('node_modules/ar-distill-plugin-a', `exports.default = ${plugin('a')}`);
    install('node_modules/ar-distill-plugin-b', `exports.plugin = ${plugin('b')}`);
    install('node_modules/ar-distill-plugin-c', `module.exports = ${plugin('c')}`);
    const letters = ['a', 'b', 'c'].map((letter) => `ar-distill-plugin-${letter}`);
    const { plugins, problems } = discover(...letters);
    expect(problems).toEqual([]);
    expect(plugins.map(({ definition, version }) => [definition.name, version])).toEqual([
      ['a', '1.2.3'],
      ['b', '1.2.3'],
      ['c', '1.2.3'],
    ]);
  });

  it('honours the exports map', () => {
    install('node_modules/ar-distill-plugin-a', '');
    write({
      'node_modules/ar-distill-plugin-a/package.json': JSON.stringify({
        name: 'ar-distill-plugin-a',
        exports: { '.': './inner.js' },
      }),
      'node_modules/ar-distill-plugin-a/inner.js': `exports.plugin = ${plugin('inner')}`,
    });
    expect(discover('ar-distill-plugin-a').plugins[0]?.definition.name).toBe('inner');
  });

  it.each([
    [
      'throws on load',
      "throw new Error('boom.\\nmore')",
      /cannot be loaded \(boom at entry\.js:1:7\): build it/,
    ],
    [
      'throws when it is looked at',
      "Object.defineProperty(exports, 'plugin', { get() { throw new Error('boo') } })",
      /cannot be loaded \(boo at entry\.js:1:\d+\)/,
    ],
    ['exports nothing', 'exports.other = 1', /exports no plugin.*definePlugin/],
    [
      'has another contract',
      `exports.plugin = ${plugin('x', 'contractVersion: 7')}`,
      /version 7 .* version 2/,
    ],
    [
      'lacks a factory',
      `exports.plugin = ${plugin('x', '', 'createTeacher: 3')}`,
      /needs "createTeacher" of the backbone "x" to be a function/,
    ],
    [
      'has a wrong optional factory',
      `exports.plugin = ${plugin('x', '', 'createTokenizer: 3')}`,
      /"createTokenizer" of the backbone "x" to be a function or absent/,
    ],
    [
      'has half an adaptation',
      `exports.plugin = ${plugin('x', '', 'adaptation: { isNeeded() {} }')}`,
      /needs "adaptedArchitecture" of the adaptation of the backbone "x" to be a function/,
    ],
    [
      'contributes no list',
      `exports.plugin = ${plugin('x', 'datasets: {}')}`,
      /needs "datasets" to be a list or absent/,
    ],
    [
      'has a data set that cannot be opened',
      `exports.plugin = ${plugin('x', "datasets: [{ name: 'd', imageShape: [1, 1, 1], classes: 2 }]")}`,
      /needs "open" of the data set "d" to be a function/,
    ],
    [
      'has a metric with a bad name',
      `exports.plugin = ${plugin('x', "metrics: [{ name: 'a.b' }]")}`,
      /the name "a.b" of a metric, which must be lower-case letters/,
    ],
    ['has a bad name', `exports.plugin = ${plugin('X y')}`, /the name "X y"/],
    [
      'has half a preset',
      `exports.plugin = ${plugin('x', 'presets: { p: {} }')}`,
      /needs "backbone" of the preset "p" to be a text/,
    ],
  ])('skips a plugin that %s with one sentence', (_what, source, sentence) => {
    install('node_modules/ar-distill-plugin-broken', source);
    install('node_modules/ar-distill-plugin-good', `exports.plugin = ${plugin('good')}`);
    const { plugins, problems } = discover('ar-distill-plugin-broken', 'ar-distill-plugin-good');
    expect(plugins.map(({ definition }) => definition.name)).toEqual(['good']);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toMatch(sentence);
    expect(problems[0]?.message).toContain('ar-distill-plugin-broken');
    expect(problems[0]?.message).not.toContain('\n');
  });

  it('does not run what nobody asked for, wherever it lies', () => {
    const run = (name: string): string => `require('fs').writeFileSync('${join(root, name)}', '')`;
    install('node_modules/ar-distill-plugin-above', run('ran-above'));
    install('project/node_modules/ar-distill-plugin-beside', run('ran-beside'));
    install('project/node_modules/ar-distill-plugin-asked', run('ran-asked'));
    ask('.', ['ar-distill-plugin-above']);
    ask('project', ['ar-distill-plugin-asked']);
    discoverPlugins({ cwd: join(root, 'project') });
    expect(readdirSync(root).filter((name) => name.startsWith('ran-'))).toEqual(['ran-asked']);
  });

  it.each([
    ['its main', { main: '../../../outside.js' }, undefined],
    ['a linked main', { main: 'linked.js' }, 'linked.js'],
    ['a linked export', { exports: './linked.js' }, 'linked.js'],
    ['a linked folder', { exports: './dist/outside.js' }, 'dist'],
    ['nothing of its own', {}, undefined],
  ])('does not run an entry outside of its package, by %s', (_how, manifest, link) => {
    const folder = 'project/node_modules/ar-distill-plugin-x';
    const outside = `require('fs').writeFileSync('${join(root, 'ran')}', '')`;
    install('node_modules/ar-distill-plugin-x', outside);
    const name = 'ar-distill-plugin-x';
    write({
      'project/outside.js': outside,
      [`${folder}/package.json`]: JSON.stringify({ name, ...manifest }),
    });
    if (link === 'dist') symlinkSync(join(root, 'project'), join(root, folder, link));
    else if (link) symlinkSync(join(root, 'project/outside.js'), join(root, folder, link));
    ask('project', [name]);
    const { problems } = discoverPlugins({ cwd: join(root, 'project') });
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^The entry of the plugin "ar-distill-plugin-x" in .* lies outside of its package/,
      ),
    ]);
    expect(readdirSync(root)).not.toContain('ran');
  });

  it.each([
    ['main', { main: 'entry.js' }],
    ['an exports map', { exports: { '.': './entry.js' } }],
  ])('runs a given folder that is a plugin with %s', (_what, fields) => {
    write({
      'plugin/package.json': JSON.stringify({ name: 'ar-distill-plugin-self', ...fields }),
      'plugin/entry.js': `exports.plugin = ${plugin('self')}`,
    });
    const { plugins, problems } = discoverPlugins({
      cwd: root,
      pluginFolders: [join(root, 'plugin')],
    });
    expect(problems).toEqual([]);
    expect(plugins.map(({ packageName }) => packageName)).toEqual(['ar-distill-plugin-self']);
  });

  it('says when a plugin was not built', () => {
    write({ 'node_modules/ar-distill-plugin-raw/package.json': '{"main":"dist/index.js"}' });
    expect(discover('ar-distill-plugin-raw').problems[0]?.message).toMatch(
      /cannot be loaded .*build it/,
    );
  });

  it.each([
    ['peerDependencies', '^0.2.0', 'install a newer version of ar-distill'],
    ['peerDependencies', '^0.0.7', 'install a newer version of ar-distill-plugin-a'],
    ['dependencies', '0.0.1 || 9', 'install another version of ar-distill-plugin-a'],
  ])('refuses a plugin that takes no version of core that is here: %s %s', (field, range, mend) => {
    const folder = 'node_modules/ar-distill-plugin-a';
    install(folder, `require('fs').writeFileSync('${join(root, 'ran')}', '')`);
    const manifest = { version: '1.0.0', [field]: { '@ar-distill/core': range } };
    write({ [`${folder}/package.json`]: JSON.stringify(manifest) });
    expect(discover('ar-distill-plugin-a').problems.map(({ message }) => message)).toEqual([
      `The plugin "ar-distill-plugin-a" in ${join(root, folder)} needs @ar-distill/core ${range}, ` +
        `but this ar-distill brings @ar-distill/core ${version}: ${mend}.`,
    ]);
    expect(readdirSync(root)).not.toContain('ran');
  });

  it.each(['^0.1.0', '*', 'latest', 'file:../core', 'workspace:*', ''])(
    'takes a plugin for versions %j of core',
    (range) => {
      const folder = 'node_modules/ar-distill-plugin-a';
      install(folder, `exports.plugin = ${plugin('a')}`);
      const peerDependencies = { '@ar-distill/core': range, lib: '*' };
      write({
        [`${folder}/package.json`]: JSON.stringify({ main: 'entry.js', peerDependencies }),
        // What it needs besides may be broken: Node says so when it is loaded.
        'node_modules/lib/package.json': '{',
      });
      mkdirSync(join(root, 'node_modules/@ar-distill'));
      symlinkSync(join(__dirname, '../../../core'), join(root, 'node_modules/@ar-distill/core'));
      expect(discover('ar-distill-plugin-a')).toMatchObject({ plugins: [{}], problems: [] });
    },
  );
});
