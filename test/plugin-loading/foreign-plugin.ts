import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a plugin imports in these tests, by the name that it gives to it. */
const IMPORTED = {
  core: '@ar-distill/core',
  math: '@ar-distill/core/math',
  nn: '@ar-distill/nn',
  program: '@ar-distill/program',
  kit: '@ar-distill/backbone-kit',
  checkpoints: '@ar-distill/checkpoints',
  tf: '@tensorflow/tfjs',
};
const NAMES = Object.keys(IMPORTED);
const DEFINITION = `{
  contractVersion: 2, name: 'x', summary: 'A test plugin',
  backbones: [{
    name: 'x', summary: '', architectureSchema: {}, createNetwork() {},
    createTeacher: () => ({ ${NAMES.join(', ')}, lib }),
  }],
}`;
const SOURCES = {
  commonjs: `
    ${Object.entries(IMPORTED)
      .map(([name, from]) => `const ${name} = require('${from}');`)
      .join('\n')}
    const lib = require('lib');
    exports.plugin = ${DEFINITION};`,
  module: `
    ${Object.entries(IMPORTED)
      .map(([name, from]) => `import * as ${name} from '${from}';`)
      .join('\n')}
    import lib from 'lib';
    export default ${DEFINITION};`,
};
const COPIES = [
  '@ar-distill/core',
  '@ar-distill/nn',
  '@ar-distill/program',
  '@tensorflow/tfjs',
  '@tensorflow/tfjs-core',
];

export function writeFiles(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

/** A package whose modules must not run. */
function decoy(root: string, folder: string, version: string): void {
  const text = `throw new Error('the copy in ${folder} has run')`;
  writeFiles(root, {
    [`${folder}/package.json`]: JSON.stringify({ version, main: 'index.js' }),
    [`${folder}/index.js`]: text,
    [`${folder}/math.js`]: text,
  });
}

/**
 * Makes a project in `root` with the plugin "x", which finds none of the packages that it imports or, with
 * `copies`, those of other versions, which throw.
 */
export function writeForeignPlugin(
  root: string,
  type: keyof typeof SOURCES,
  { copies }: { readonly copies: boolean },
): void {
  const folder = 'node_modules/ar-distill-plugin-x';
  const needed = [...Object.values(IMPORTED), 'lib'];
  const peerDependencies = Object.fromEntries(needed.map((name) => [name, '*']));
  writeFiles(root, {
    'package.json': '{"dependencies":{"ar-distill-plugin-x":"*"}}',
    [`${folder}/package.json`]: JSON.stringify({
      ...{ version: '3.2.1', main: 'index.js', type },
      peerDependencies: { ...peerDependencies, '@ar-distill/core': '^0.1.0' },
    }),
    [`${folder}/index.js`]: SOURCES[type],
    // A package that the plugin needs, in its folder, with tfjs by the name of its parts.
    [`${folder}/node_modules/lib/package.json`]:
      '{"version":"1.0.0","peerDependencies":{"@tensorflow/tfjs-core":"^4.0.0"}}',
    [`${folder}/node_modules/lib/index.js`]: "exports.core = require('@tensorflow/tfjs-core');",
  });
  if (!copies) return;
  for (const name of COPIES) decoy(root, `node_modules/${name}`, '0.1.7');
  decoy(root, `${folder}/node_modules/@ar-distill/core`, '0.1.3');
}

/** Prints which modules that the plugin "x" of the project `argv[1]` got are those of this application. */
export const PRINT_WHAT_IT_GOT = `
  const { createContainer, importPlugins } = require('ar-distill');
  const { PLUGINS, PLUGIN_PROBLEMS } = require('@ar-distill/di');
  const cwd = process.argv[1];
  const printed = importPlugins({ cwd }).then(() => {
    const container = createContainer({ cwd });
    const found = container.resolveAll(PLUGINS).find(({ definition }) => definition.name === 'x');
    const { lib, ...got } = found?.definition.backbones[0].createTeacher() ?? {};
    const names = ${JSON.stringify(IMPORTED)};
    const same = Object.entries(got).map(([key, module]) => {
      const ours = require(names[key]);
      const mark = Object.keys(ours).find((name) => typeof ours[name] === 'function');
      return [key, mark !== undefined && module[mark] === ours[mark]];
    });
    const inner = require('node:module').createRequire(require.resolve('@tensorflow/tfjs'));
    same.push(['lib', lib?.core.engine === inner('@tensorflow/tfjs-core').engine]);
    const problems = container.resolveAll(PLUGIN_PROBLEMS).map(({ message }) => message);
    console.log(JSON.stringify({ same: Object.fromEntries(same), problems }));
  });`;

/** What it prints when all is as it should be. */
export const GOT_ALL = {
  same: Object.fromEntries([...NAMES, 'lib'].map((name) => [name, true])),
  problems: [],
};
