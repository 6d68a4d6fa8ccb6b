import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createContainer } from '../container/create-container';
import { PLUGIN_PROBLEMS, PLUGINS } from '../container/tokens';
import { findPreset } from '../lookup/find-preset';
import { discoverPlugins } from './discover-plugins';
import { loadPluginFolder } from './load-plugin-folder';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'ar-distill-unusable-')));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function install(folder: string, source: string, version = '1.2.3'): void {
  write(`${folder}/package.json`, JSON.stringify({ version, main: 'entry.js' }));
  write(`${folder}/entry.js`, source);
}

/** Discovery in a project that depends on these packages. */
function discover(...names: readonly string[]): ReturnType<typeof discoverPlugins> {
  const dependencies = Object.fromEntries(names.map((name) => [name, '*']));
  write('package.json', JSON.stringify({ dependencies }));
  return discoverPlugins({ cwd: root });
}

/** The source of a plugin whose backbone has a name of its own or a given one. */
const plugin = (name: string, backbone = name): string => `exports.plugin = {
  contractVersion: 2, name: '${name}', summary: '',
  backbones: [{ name: '${backbone}', summary: '', architectureSchema: {}, createTeacher() {}, createNetwork() {} }],
  presets: { tiny: { summary: '', backbone: '${backbone}', architecture: {}, teacherSampling: {}, methods: {} } } }`;

describe('with two packages of one plugin name', () => {
  it('uses neither, and all others', () => {
    install('node_modules/ar-distill-plugin-a', plugin('same'));
    install('node_modules/@me/ar-distill-plugin-a', plugin('same'));
    install('node_modules/ar-distill-plugin-b', plugin('other'));
    const { plugins, problems } = discover(
      'ar-distill-plugin-a',
      '@me/ar-distill-plugin-a',
      'ar-distill-plugin-b',
    );
    expect(plugins.map(({ definition }) => definition.name)).toEqual(['other']);
    expect(problems).toEqual([
      {
        message: expect.stringMatching(
          /^Several packages register the plugin "same", so that none of them is used: remove all but one of @me\/ar-distill-plugin-a in .* and ar-distill-plugin-a in .*\.$/,
        ),
        presets: ['tiny'],
      },
    ]);
  });

  it('says so to who asks for what they bring', () => {
    install('node_modules/ar-distill-plugin-a', plugin('same'));
    install('node_modules/@me/ar-distill-plugin-a', plugin('same'));
    discover('ar-distill-plugin-a', '@me/ar-distill-plugin-a');
    const container = createContainer({ cwd: root });
    expect(() => findPreset(container, 'tiny')).toThrow('register the plugin "same"');
    expect(() => findPreset(container, 'same:tiny')).toThrow('register the plugin "same"');
    expect(() => findPreset(container, 'huge')).toThrow('There is no preset "huge"');
  });

  it('takes the package in a given folder before that of the project', () => {
    install('node_modules/ar-distill-plugin-a', plugin('same'), '1.0.0');
    install('given/node_modules/ar-distill-plugin-a', plugin('same'), '2.0.0');
    discover('ar-distill-plugin-a');
    const { plugins, problems } = discoverPlugins({
      cwd: root,
      pluginFolders: [join(root, 'given')],
    });
    expect(problems).toEqual([]);
    expect(plugins.map(({ version }) => version)).toEqual(['2.0.0']);
  });
});

it('keeps a plugin that brings a part of another one from stopping anything', () => {
  install('node_modules/ar-distill-plugin-a', plugin('a'));
  install('node_modules/ar-distill-plugin-b', plugin('b', 'a'));
  discover('ar-distill-plugin-a', 'ar-distill-plugin-b');
  const container = createContainer({ cwd: root });
  expect(container.resolveAll(PLUGINS).map(({ definition }) => definition.name)).toEqual(['a']);
  expect(container.resolveAll(PLUGIN_PROBLEMS)).toEqual([
    expect.objectContaining({
      message:
        'The plugin "b" of ar-distill-plugin-b brings the backbone "a", which the plugin "a" brings, too, so that it is not used: remove one of them.',
    }),
  ]);
});

it('keeps the parts of our own plugins, however early the name of another one sorts', () => {
  install('node_modules/ar-distill-plugin-a', plugin('a', 'var'));
  install('node_modules/@ar-distill/plugin-var', plugin('var'));
  discover('ar-distill-plugin-a', '@ar-distill/plugin-var');
  const container = createContainer({ cwd: root });
  expect(container.resolveAll(PLUGINS).map(({ definition }) => definition.name)).toEqual(['var']);
  expect(container.resolveAll(PLUGIN_PROBLEMS)).toMatchObject([
    {
      message: expect.stringMatching(
        /^The plugin "a" .* brings the backbone "var", which the plugin "var"/,
      ),
    },
  ]);
});

describe('says where a plugin breaks', () => {
  const lines = (...more: readonly string[]): string => ['// first line', ...more].join('\n');
  const messageOf = (): string => discover('ar-distill-plugin-x').problems[0]!.message;

  it.each([
    ['an error', lines("throw new Error('boom')"), /\(boom at entry\.js:2:7\): build/],
    [
      'an error with causes',
      lines('', "throw new Error('boom', { cause: new Error('inner.') })"),
      /\(boom at entry\.js:3:7, because inner\): build/,
    ],
    ['what is no error', lines("throw 'nothing'"), /\(nothing\): build/],
    [
      'a package that is missing',
      lines("require('no-such-package')"),
      /\((?:Error: )?Cannot find module 'no-such-package'.* at entry\.js:2:1\): build/,
    ],
    [
      'a package of this application that it does not name',
      lines("require('@ar-distill/core/math')"),
      /Cannot find module '@ar-distill\/core\/math'.*: name "@ar-distill\/core" in the "peerDependencies" of its package\.json\.$/,
    ],
    [
      'an entry that would end the process',
      lines('process.exit(0)'),
      /\(it ends the process with process\.exit\(0\) at entry\.js:2:9\): build/,
    ],
  ])('for %s', (_what, source, sentence) => {
    install('node_modules/ar-distill-plugin-x', source);
    expect(messageOf()).toMatch(sentence);
  });

  it('and asks for the dependencies that are not installed', () => {
    install('node_modules/ar-distill-plugin-x', lines("require('@no-such/package')"));
    const manifest = { main: 'entry.js', dependencies: { '@no-such/package': '*' } };
    write('node_modules/ar-distill-plugin-x/package.json', JSON.stringify(manifest));
    expect(messageOf()).toMatch(
      /: run "npm install --ignore-scripts" in that folder, or install it again\.$/,
    );
  });

  it('in the file that it is in', () => {
    install('node_modules/ar-distill-plugin-x', "exports.plugin = require('./lib/part')");
    write('node_modules/ar-distill-plugin-x/lib/part.js', lines("throw new Error('deep')"));
    expect(messageOf()).toContain(`(deep at ${join('lib', 'part.js')}:2:7)`);
  });
});

describe('a plugin in its own folder', () => {
  it('is loaded without being installed', () => {
    write('mine/package.json', '{"name":"ar-distill-plugin-mine","main":"entry.js"}');
    write('mine/entry.js', plugin('mine'));
    expect(loadPluginFolder(join(root, 'mine')).definition.name).toBe('mine');
    const { plugins } = discoverPlugins({ cwd: root, pluginFolders: [join(root, 'mine')] });
    expect(plugins.map(({ definition }) => definition.name)).toEqual(['mine']);
  });

  it.each([
    ['{"name":"mine"}', /is called "mine", which is no name of a plugin: call it "ar-distill-/],
    ['{}', /has no name, which is no name of a plugin/],
    ['{', /package\.json" cannot be read \(.*\): mend it/],
    [undefined, /^There is no package\.json in .*mine: name the folder of a plugin\.$/],
  ])('has to be called one: %s', (manifest, sentence) => {
    mkdirSync(join(root, 'mine'));
    if (manifest !== undefined) write('mine/package.json', manifest);
    expect(() => loadPluginFolder(join(root, 'mine'))).toThrow(sentence);
  });

  it('is missed where there is none', () => {
    mkdirSync(join(root, 'empty'));
    const { problems } = discoverPlugins({ cwd: root, pluginFolders: [join(root, 'empty')] });
    expect(problems).toEqual([
      { message: expect.stringMatching(/^The folder ".*empty" holds no plugin: /) },
    ]);
  });
});
