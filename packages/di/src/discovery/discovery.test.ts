import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { discoverPlugins } from './discover-plugins';
import { findPluginPackages } from './find-plugin-packages';
import { isPluginPackageName } from './plugin-package';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'ar-distill-plugins-')));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const plugin = (name: string, overrides = ''): string => `{
  contractVersion: 1, name: '${name}', summary: 'A test plugin', architectureSchema: {},
  presets: { tiny: { summary: '', architecture: {}, teacherSampling: {}, distillation: {} } },
  createTeacher() {}, createNetwork() {}, ${overrides} }`;

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

describe('isPluginPackageName', () => {
  it.each(['@ar-distill/plugin-var', 'ar-distill-plugin-mar', '@me/ar-distill-plugin-mar'])(
    'takes %s',
    (name) => expect(isPluginPackageName(name)).toBe(true),
  );
  it.each(['@ar-distill/core', 'plugin-var', '@me/plugin-var', 'ar-distill-plugin-', 'x/y/z'])(
    'refuses %s',
    (name) => expect(isPluginPackageName(name)).toBe(false),
  );
});

describe('findPluginPackages', () => {
  it('looks in every node_modules from the folder upwards, nearest first', () => {
    install('node_modules/ar-distill-plugin-far', '');
    install('a/b/node_modules/@me/ar-distill-plugin-near', '');
    install('a/b/node_modules/@me/other', '');
    install('a/c/node_modules/ar-distill-plugin-beside', '');
    const names = findPluginPackages([join(root, 'a/b')]).map(({ packageName }) => packageName);
    expect(names).toEqual(['@me/ar-distill-plugin-near', 'ar-distill-plugin-far']);
  });

  it('reports a linked workspace once, under its real folder', () => {
    install('work/plugin', '');
    mkdirSync(join(root, 'node_modules'));
    mkdirSync(join(root, 'app/node_modules'), { recursive: true });
    symlinkSync(join(root, 'work/plugin'), join(root, 'node_modules/ar-distill-plugin-x'));
    symlinkSync(join(root, 'work/plugin'), join(root, 'app/node_modules/ar-distill-plugin-x'));
    symlinkSync(join(root, 'nowhere'), join(root, 'node_modules/ar-distill-plugin-dangling'));
    const found = findPluginPackages([join(root, 'app')]);
    expect(found.map(({ directory }) => directory)).toEqual([join(root, 'work/plugin')]);
  });
});

describe('discoverPlugins', () => {
  it('takes the default export, "plugin", or the module itself', () => {
    install('node_modules/ar-distill-plugin-a', `exports.default = ${plugin('a')}`);
    install('node_modules/ar-distill-plugin-b', `exports.plugin = ${plugin('b')}`);
    install('node_modules/ar-distill-plugin-c', `module.exports = ${plugin('c')}`);
    const { plugins, problems } = discoverPlugins([root]);
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
    expect(discoverPlugins([root]).plugins[0]?.definition.name).toBe('inner');
  });

  it.each([
    ['throws on load', "throw new Error('boom.\\nmore')", /cannot be loaded \(boom\): build it/],
    ['exports nothing', 'exports.other = 1', /exports no plugin.*definePlugin/],
    [
      'has another contract',
      `exports.plugin = ${plugin('x', 'contractVersion: 7')}`,
      /version 7 .* version 1/,
    ],
    [
      'lacks a factory',
      `exports.plugin = ${plugin('x', 'createTeacher: 3')}`,
      /needs "createTeacher" to be a function/,
    ],
    [
      'has a wrong optional factory',
      `exports.plugin = ${plugin('x', 'createTokenizer: 3')}`,
      /"createTokenizer" .* or absent/,
    ],
    [
      'has half an adaptation',
      `exports.plugin = ${plugin('x', 'adaptation: { isNeeded() {} }')}`,
      /needs "adaptation.adaptedArchitecture" to be a function/,
    ],
    ['has a bad name', `exports.plugin = ${plugin('X y')}`, /the name "X y"/],
    [
      'has half a preset',
      `exports.plugin = ${plugin('x', 'presets: { p: {} }')}`,
      /preset "p" without "architecture"/,
    ],
  ])('skips a plugin that %s with one sentence', (_what, source, sentence) => {
    install('node_modules/ar-distill-plugin-broken', source);
    install('node_modules/ar-distill-plugin-good', `exports.plugin = ${plugin('good')}`);
    const { plugins, problems } = discoverPlugins([root]);
    expect(plugins.map(({ definition }) => definition.name)).toEqual(['good']);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toMatch(sentence);
    expect(problems[0]?.message).toContain('ar-distill-plugin-broken');
    expect(problems[0]?.message).not.toContain('\n');
  });

  it('says when a plugin was not built', () => {
    write({ 'node_modules/ar-distill-plugin-raw/package.json': '{"main":"dist/index.js"}' });
    expect(discoverPlugins([root]).problems[0]?.message).toMatch(/cannot be loaded .*build it/);
  });

  it('refuses a plugin with its own copy of core or tfjs', () => {
    install('node_modules/ar-distill-plugin-a', `exports.plugin = ${plugin('a')}`);
    install('node_modules/ar-distill-plugin-a/node_modules/@tensorflow/tfjs', '');
    install('node_modules/ar-distill-plugin-b', `exports.plugin = ${plugin('b')}`);
    install('node_modules/ar-distill-plugin-b/node_modules/@ar-distill/core', '');
    const messages = discoverPlugins([root]).problems.map(({ message }) => message);
    expect(messages).toEqual([
      expect.stringMatching(/own copy of @tensorflow\/tfjs .* peer dependency/),
      expect.stringMatching(/own copy of @ar-distill\/core .* peer dependency/),
    ]);
  });

  it('throws when two packages register one name, naming both', () => {
    install('node_modules/ar-distill-plugin-a', `exports.plugin = ${plugin('same')}`);
    install('node_modules/@me/ar-distill-plugin-a', `exports.plugin = ${plugin('same')}`);
    expect(() => discoverPlugins([root])).toThrow(
      /register the plugin "same": @me\/ar-distill-plugin-a in .* and ar-distill-plugin-a in /,
    );
  });
});
