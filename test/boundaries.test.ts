import {
  bannedPackages,
  importableSpecifiers,
  importsOf,
  isRelative,
  isTestFile,
  packageNameOf,
  readRooms,
  ROOT,
  sourceFiles,
  workspacePackages,
  type Import,
  type Room,
  type WorkspacePackage,
} from '@ar-distill/workspace';
import { execFileSync } from 'node:child_process';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';

const ROOMS = readRooms();
const EVERYONE = workspacePackages('packages', 'plugins', 'tools');
const SPECIFIERS = new Set(EVERYONE.flatMap(importableSpecifiers));

function roomOf({ kind, folder }: WorkspacePackage): Room {
  const room = kind === 'plugins' ? ROOMS.plugins : ROOMS.packages[folder];
  if (!room) throw new Error(`Add the package "${folder}" to tools/workspace/rooms.json.`);
  return room;
}

const isBuiltin = (specifier: string): boolean =>
  specifier.startsWith('node:') || builtinModules.includes(packageNameOf(specifier));

/** What is wrong with one import; undefined when nothing is. */
function violation(from: WorkspacePackage, { file, specifier }: Import): string | undefined {
  const isTest = isTestFile(file);
  const room = roomOf(from);
  if (isRelative(specifier)) {
    const target = resolve(dirname(file), specifier);
    const inside = target.startsWith(join(from.directory, 'src') + sep);
    const manifest = target === join(from.directory, 'package.json');
    return inside || manifest || isTest ? undefined : 'leaves its package by a relative path';
  }
  if (isBuiltin(specifier)) {
    return room.portable && !isTest ? 'uses a Node module' : undefined;
  }
  const name = packageNameOf(specifier);
  const target = EVERYONE.find(({ manifest }) => manifest.name === name);
  if (target) {
    if (!SPECIFIERS.has(specifier)) return "is none of that package's exports";
    if (target.kind !== 'packages' || !room.mayImport.includes(target.folder)) {
      return 'must not depend on that package';
    }
  }
  const folder = from.kind === 'packages' ? from.folder : undefined;
  if (bannedPackages(ROOMS, folder).includes(name)) {
    return `belongs to ${ROOMS.reserved[name]?.join(', ')} alone`;
  }
  const { dependencies, peerDependencies } = from.manifest;
  if (!isTest && !(name in { ...dependencies, ...peerDependencies })) {
    return 'is not declared in its package.json';
  }
  return undefined;
}

describe('dependencies that must not exist', () => {
  const all = workspacePackages('packages', 'plugins');

  it.each(all.map((from) => [from.manifest.name, from] as const))('%s', (_name, from) => {
    const wrong = sourceFiles(from.directory)
      .flatMap(importsOf)
      .flatMap((found) => {
        const reason = violation(from, found);
        return reason ? [`${relative(ROOT, found.file)}: "${found.specifier}" ${reason}`] : [];
      });
    expect(wrong).toEqual([]);
  });

  it('are recognised', () => {
    const core = all.find(({ folder }) => folder === 'core')!;
    const reason = (specifier: string, file = 'src/a.ts') =>
      violation(core, { file: join(core.directory, file), specifier });
    expect(reason('@ar-distill/nn')).toBeUndefined();
    expect(reason('./b')).toBeUndefined();
    expect(reason('fs')).toMatch('Node module');
    expect(reason('node:fs', 'src/a.test.ts')).toBeUndefined();
    expect(reason('@ar-distill/engine')).toMatch('must not depend');
    expect(reason('@ar-distill/nn/src/tensors')).toMatch("none of that package's exports");
    expect(reason('../../nn/src/index')).toMatch('relative path');
    expect(reason('onnxruntime-node')).toMatch('engine alone');
    expect(reason('tsyringe')).toMatch('di alone');
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

  it('stops core from using what it must not know', () => {
    const source = [
      "import '@ar-distill/engine';",
      "import 'tsyringe';",
      "import 'onnxruntime-node';",
      "import 'node:fs';",
      "import '@ar-distill/nn/src/tensors';",
      "import '../../nn/src/index';",
      "import '@ar-distill/nn';",
      "import '@tensorflow/tfjs';",
      'export const here = process.cwd();',
    ].join('\n');
    const complaints = lint('packages/core/src/fixture.ts', source + '\n');
    expect(complaints.filter((complaint) => !complaint.startsWith('5'))).toEqual([
      `1 ${BOUNDARY}`,
      `2 ${BOUNDARY}`,
      `3 ${BOUNDARY}`,
      '4 no-restricted-imports',
      `6 ${BOUNDARY}`,
      '9 no-restricted-globals',
    ]);
    expect(complaints).toContain('5 no-restricted-imports');
  }, 180_000);

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
  }, 180_000);

  it('refuses random numbers that would freeze into a traced step', () => {
    const source =
      "import * as tf from '@tensorflow/tfjs';\nexport const x = tf.randomNormal([1]);\n";
    expect(lint('packages/core/src/fixture.ts', source)).toEqual(['2 no-restricted-syntax']);
  }, 180_000);
});
