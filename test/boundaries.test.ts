import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import ts from 'typescript';

const ROOT = resolve(__dirname, '..');
const SCOPE = '@ar-distill/';

/** Internal packages that each package's sources may import. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  nn: [],
  engine: [],
  datasets: [],
  core: ['nn'],
  checkpoints: ['nn'],
  runs: ['core', 'nn', 'checkpoints'],
  metrics: ['core', 'nn', 'checkpoints'],
  di: ['core', 'nn', 'engine', 'runs', 'metrics', 'checkpoints', 'datasets'],
  cli: ['core', 'nn', 'engine', 'runs', 'metrics', 'checkpoints', 'datasets', 'di'],
};
const PLUGIN_MAY_IMPORT = ['core', 'nn', 'checkpoints'];

interface WorkspacePackage {
  readonly name: string;
  readonly directory: string;
  readonly mayImport: readonly string[];
  readonly declared: ReadonlySet<string>;
}

interface Import {
  readonly file: string;
  readonly specifier: string;
  readonly isTest: boolean;
}

function workspacePackages(folder: 'packages' | 'plugins'): WorkspacePackage[] {
  return readdirSync(join(ROOT, folder)).map((name) => {
    const directory = join(ROOT, folder, name);
    const manifest: Record<string, Record<string, string> | undefined> = JSON.parse(
      readFileSync(join(directory, 'package.json'), 'utf8'),
    );
    const declared = new Set(
      ['dependencies', 'peerDependencies'].flatMap((kind) => Object.keys(manifest[kind] ?? {})),
    );
    const mayImport = folder === 'plugins' ? PLUGIN_MAY_IMPORT : MAY_IMPORT[name];
    if (!mayImport) throw new Error(`Say in this test what the package "${name}" may import.`);
    return { name, directory, mayImport, declared };
  });
}

function importsOf(directory: string): Import[] {
  return readdirSync(join(directory, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .flatMap((entry) => {
      const file = join(entry.parentPath, entry.name);
      const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'), true, true);
      const isTest = entry.name.endsWith('.test.ts');
      return importedFiles.map(({ fileName }) => ({ file, specifier: fileName, isTest }));
    });
}

function packageNameOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

const isRelative = (specifier: string): boolean => /^\.{1,2}(\/|$)/.test(specifier);
const isBuiltin = (specifier: string): boolean =>
  specifier.startsWith('node:') || builtinModules.includes(packageNameOf(specifier));

/** What is wrong with one import; undefined when nothing is. */
function violation(from: WorkspacePackage, found: Import): string | undefined {
  const { file, specifier, isTest } = found;
  if (isRelative(specifier)) {
    const target = resolve(dirname(file), specifier);
    const inside = target.startsWith(join(from.directory, 'src') + sep);
    const manifest = target === join(from.directory, 'package.json');
    return inside || manifest || isTest ? undefined : 'leaves its package by a relative path';
  }
  if (isBuiltin(specifier)) {
    const pure = from.name === 'core' || from.name === 'nn';
    return pure && !isTest ? 'uses a Node module' : undefined;
  }
  const target = packageNameOf(specifier);
  if (target.startsWith(SCOPE)) {
    const name = target.slice(SCOPE.length);
    if (specifier !== target && specifier !== `${target}/package.json`) return 'is a deep import';
    if (!from.mayImport.includes(name)) return 'must not depend on that package';
  }
  if (target === 'onnxruntime-node' && from.name !== 'engine') return 'belongs to the engine alone';
  if (target === 'tsyringe' && from.name !== 'di' && from.name !== 'cli') {
    return 'belongs to di and cli alone';
  }
  if (!isTest && !from.declared.has(target)) return 'is not declared in its package.json';
  return undefined;
}

describe('dependencies that must not exist', () => {
  const all = [...workspacePackages('packages'), ...workspacePackages('plugins')];

  it.each(all.map((from) => [from.name, from] as const))('%s', (_name, from) => {
    const wrong = importsOf(from.directory).flatMap((found) => {
      const reason = violation(from, found);
      return reason ? [`${relative(ROOT, found.file)}: "${found.specifier}" ${reason}`] : [];
    });
    expect(wrong).toEqual([]);
  });

  it('are recognised', () => {
    const core = all.find(({ name }) => name === 'core')!;
    const reason = (specifier: string, isTest = false) =>
      violation(core, { file: join(core.directory, 'src/a.ts'), specifier, isTest });
    expect(reason('@ar-distill/nn')).toBeUndefined();
    expect(reason('./b')).toBeUndefined();
    expect(reason('fs')).toMatch('Node module');
    expect(reason('node:fs', true)).toBeUndefined();
    expect(reason('@ar-distill/engine')).toMatch('must not depend');
    expect(reason('@ar-distill/nn/src/tensors')).toMatch('deep import');
    expect(reason('../../nn/src/index')).toMatch('relative path');
    expect(reason('onnxruntime-node')).toMatch('engine alone');
    expect(reason('tsyringe')).toMatch('di and cli');
    expect(reason('left-pad')).toMatch('not declared');
  });
});

interface LintMessage {
  readonly ruleId: string;
  readonly line: number;
}

/** Lints `source` as if it were a file of the workspace; returns "line rule" of every complaint. */
function lint(file: string, source: string): string[] {
  const eslint = join(ROOT, 'node_modules/eslint/bin/eslint.js');
  const args = [
    eslint,
    '--format',
    'json',
    '--no-warn-ignored',
    '--stdin',
    '--stdin-filename',
    file,
  ];
  let report: string;
  try {
    report = execFileSync(process.execPath, args, {
      cwd: ROOT,
      input: source,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  } catch (error) {
    // eslint exits with 1 when it has something to say.
    report = (error as { stdout: string }).stdout;
  }
  const results: { messages: LintMessage[] }[] = JSON.parse(report);
  return results.flatMap(({ messages }) => messages.map(({ line, ruleId }) => `${line} ${ruleId}`));
}

describe('the linter', () => {
  const BOUNDARY = '@nx/enforce-module-boundaries';

  it('stops core from importing what it must not know', () => {
    const source = [
      "import '@ar-distill/engine';",
      "import 'tsyringe';",
      "import 'onnxruntime-node';",
      "import 'node:fs';",
      "import '@ar-distill/nn/src/tensors';",
      "import '../../nn/src/index';",
      "import '@ar-distill/nn';",
      "import '@tensorflow/tfjs';",
    ].join('\n');
    const complaints = lint('packages/core/src/fixture.ts', source + '\n');
    expect(complaints.filter((complaint) => !complaint.startsWith('5'))).toEqual([
      `1 ${BOUNDARY}`,
      `2 ${BOUNDARY}`,
      `3 ${BOUNDARY}`,
      '4 no-restricted-imports',
      `6 ${BOUNDARY}`,
    ]);
    expect(complaints).toContain('5 no-restricted-imports');
  }, 60_000);

  it('keeps plugins, and packages that must stay alone, apart', () => {
    expect(lint('plugins/var/src/fixture.ts', "import '@ar-distill/engine';\n")).toEqual([
      `1 ${BOUNDARY}`,
    ]);
    expect(lint('packages/nn/src/fixture.ts', "import '@ar-distill/core';\n")).toEqual([
      `1 ${BOUNDARY}`,
    ]);
    expect(lint('packages/di/src/fixture.ts', "import '@ar-distill/plugin-var';\n")).toEqual([
      `1 ${BOUNDARY}`,
    ]);
  }, 60_000);

  it('refuses random numbers that would freeze into a traced step', () => {
    const source =
      "import * as tf from '@tensorflow/tfjs';\nexport const x = tf.randomNormal([1]);\n";
    expect(lint('packages/core/src/fixture.ts', source)).toEqual(['2 no-restricted-syntax']);
  }, 60_000);
});
