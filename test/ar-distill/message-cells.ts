import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command, Option } from 'commander';
import { namedCommands } from '@ar-distill/docs';

/** What is given where something else is expected. */
export const KINDS = [
  'missing',
  'folder',
  'pipe',
  'empty',
  'JSON garbage',
  'wrong type',
  'out of range',
  'unknown name',
] as const;
export type Kind = (typeof KINDS)[number];

/** What an option takes. */
type Taken =
  | 'number'
  | 'amount'
  | 'numbers'
  | 'name'
  | 'file'
  | 'config'
  | 'folder'
  | 'new picture'
  | 'new archive'
  | 'new folder'
  | 'new model'
  | 'slug'
  | 'setting'
  | 'nothing';

/** What every option of the command line takes; one that is not here fails the test. */
const TAKEN: Readonly<Record<string, Taken>> = {
  '--backend': 'name',
  '--batch-size': 'number',
  '--classes': 'numbers',
  '--config': 'config',
  '--count': 'number',
  '--data': 'name',
  '--draws': 'number',
  '--dry-run': 'nothing',
  '--from': 'file',
  '--guidance': 'amount',
  '--guidance-updates': 'number',
  '--install-tensorflow': 'name',
  '--iterations': 'number',
  '--json': 'nothing',
  '--key': 'name',
  '--method': 'name',
  '--metrics': 'name',
  '--name': 'slug',
  '--no-report': 'nothing',
  '--npz': 'file',
  '--objective': 'name',
  '--no-snap': 'nothing',
  '--onnx': 'name',
  '--out': 'new folder',
  '--markdown': 'nothing',
  '--page-only': 'nothing',
  '--plan': 'nothing',
  '--path-length': 'number',
  '--plugin': 'name',
  '--plugins-dir': 'folder',
  '--pool-cache': 'new folder',
  '--port': 'number',
  '--preset': 'name',
  '--print-config': 'nothing',
  '--provider': 'name',
  '--quick': 'nothing',
  '--reconstruction': 'nothing',
  '--resume': 'file',
  '--run': 'file',
  '--samples': 'number',
  '--seed': 'number',
  '--set': 'setting',
  '--snap': 'nothing',
  '--speed': 'nothing',
  '--stage1': 'file',
  '--static': 'new model',
  '--steps': 'number',
  '--teacher': 'file',
  '--teacher-distance': 'nothing',
  '--teacher-steps': 'number',
  '--threads': 'number',
  '--tokenizer': 'file',
  '--top-k': 'number',
  '--top-p': 'number',
  '--weights': 'file',
};
/** Where a command's option is another one than those of its name. */
const TAKEN_BY: Readonly<Record<string, Taken>> = {
  'sample --out': 'new picture',
  'sample --npz': 'new archive',
  'import --out': 'new model',
  'export --out': 'new model',
  'export --teacher': 'nothing',
  'init --out': 'new model',
};

/** A file name that no system takes. */
const TOO_LONG = 'n'.repeat(300);

const PATHS: Readonly<Record<Kind, string>> = {
  missing: 'nowhere/nothing',
  folder: 'folder',
  pipe: 'pipe',
  empty: 'empty',
  'JSON garbage': 'garbage.json',
  'wrong type': 'picture.png',
  'out of range': TOO_LONG,
  'unknown name': 'qqqq',
};
const newFiles = (extension: string): Readonly<Record<Kind, string>> => ({
  missing: `nowhere/nothing${extension}`,
  folder: `folder${extension}`,
  pipe: `pipe${extension}`,
  empty: `empty/new${extension}`,
  'JSON garbage': 'garbage.json',
  'wrong type': 'picture.jpg',
  'out of range': TOO_LONG + extension,
  'unknown name': 'qqqq',
});
const VALUES: Readonly<Record<Exclude<Taken, 'nothing'>, Readonly<Record<Kind, string>>>> = {
  file: PATHS,
  config: PATHS,
  folder: PATHS,
  'new picture': newFiles('.png'),
  'new archive': newFiles('.npz'),
  'new folder': PATHS,
  'new model': PATHS,
  name: { ...PATHS, empty: '', 'JSON garbage': '{"a"[1,', 'wrong type': '3' },
  slug: { ...PATHS, empty: '', 'JSON garbage': '{"a"[1,', 'wrong type': 'a b' },
  number: {
    ...PATHS,
    empty: '',
    'JSON garbage': '{"a":[1,',
    'wrong type': '1.5',
    'out of range': '-1',
  },
  amount: { ...PATHS, empty: '', 'JSON garbage': '{"a":[1,', 'out of range': '-1' },
  numbers: {
    ...PATHS,
    empty: '',
    'JSON garbage': '{"a":[1,',
    'wrong type': '1.5,2',
    'out of range': '3,10',
  },
  setting: {
    missing: 'seed=',
    folder: 'seed=folder',
    pipe: 'seed=pipe',
    empty: '',
    'JSON garbage': 'seed={"a":[1,',
    'wrong type': 'seed=text',
    'out of range': 'seed=-1',
    'unknown name': 'seeds=3',
  },
};

/** What is right for an option although it would be wrong for others. */
const RIGHT: Readonly<Partial<Record<Taken, readonly Kind[]>>> = {
  'new folder': ['missing', 'folder', 'unknown name'],
  'new model': ['missing', 'unknown name'],
  'new picture': ['missing'],
  'new archive': ['missing'],
  config: ['empty'],
  folder: ['folder'],
  slug: ['folder', 'pipe', 'unknown name', 'out of range'],
};

/** One wrong value for one option of one command. */
export interface Cell {
  /** "distill --count: out of range". */
  readonly name: string;
  readonly args: readonly string[];
  /** One of these has to stand in the sentence: what it is about. */
  readonly subjects: readonly string[];
}

const TEACHER = join(__dirname, '../../plugins/var/assets/mnist/teacher.safetensors');

/** Arguments with which a command, or an option of it, has work to do, before the ones of a cell. */
const BASE: Readonly<Record<string, readonly string[]>> = {
  adapt: ['--preset', 'mnist-llamagen'],
  import: [TEACHER],
  'plugins check': ['plugin'],
  study: ['study.yaml'],
  'import --out': [TEACHER, '--config', 'patch-nums.json'],
  'doctor --from': ['--install-tensorflow', 'cpu'],
  'sample --guidance': ['--teacher'],
  'sample --top-k': ['--teacher'],
  'sample --top-p': ['--teacher'],
  'export --samples': ['--onnx', 'fp32'],
  'eval --guidance': ['--teacher'],
  'eval --top-k': ['--teacher'],
  'eval --top-p': ['--teacher'],
};

/** Every command with every option of its own, and every wrong value for it. */
export function cellsOf(program: Command): Cell[] {
  return namedCommands(program).flatMap(({ path, command }) => [
    ...command.options.flatMap((option) => cellsOfOption(path, option)),
    ...command.registeredArguments.flatMap((argument) =>
      KINDS.map((kind) =>
        cell(`${path} <${argument.name()}>`, kind, [...path.split(' '), PATHS[kind]]),
      ),
    ),
  ]);
}

function cellsOfOption(path: string, option: Option): Cell[] {
  const flag = option.long ?? option.flags;
  const taken = TAKEN_BY[`${path} ${flag}`] ?? TAKEN[flag];
  if (taken === undefined) throw new Error(`Say in this table what "${path} ${flag}" takes.`);
  const base = BASE[`${path} ${flag}`] ?? BASE[path] ?? [];
  const before = [...path.split(' '), ...base];
  return KINDS.filter((kind) => !RIGHT[taken]?.includes(kind)).map((kind) => {
    const value = taken === 'nothing' ? PATHS[kind] : VALUES[taken][kind];
    // Joined, so that a text that looks like an option is a value.
    return cell(`${path} ${flag}`, kind, [...before, `${flag}=${value}`], flag, value);
  });
}

function cell(
  option: string,
  kind: Kind,
  args: readonly string[],
  flag = '',
  value = args.at(-1)!,
): Cell {
  const words = flag.replace(/^--(no-)?/, '').split('-');
  const camelCase = words.map((word, i) => (i ? word[0]!.toUpperCase() + word.slice(1) : word));
  const subjects = [
    flag,
    camelCase.join(''),
    words.join(' '),
    value.slice(0, 40),
    value.split('/')[0]!,
    'seed',
  ];
  return {
    name: `${option}: ${kind}`,
    args,
    subjects: subjects.filter((subject) => subject !== ''),
  };
}

/** Writes what the cells name into the working folder. */
export function makeFixtures(): void {
  for (const extension of ['', '.png', '.npz']) {
    mkdirSync(`folder${extension}`);
    execFileSync('mkfifo', [`pipe${extension}`]);
  }
  writeFileSync('empty', '');
  writeFileSync('garbage.json', '{"a":[1,');
  writeFileSync(
    'study.yaml',
    `{ name: s, title: s, presets: [toy-joint], seeds: [0], cells: { a: {} },
      compare: { reference: a, metric: totalVariation } }`,
  );
  mkdirSync('plugin');
  writeFileSync('plugin/package.json', '{"name":"ar-distill-plugin-cell","main":"index.js"}');
  writeFileSync(
    'plugin/index.js',
    "exports.plugin = { contractVersion: 2, name: 'cell', summary: 'a plugin of nothing' };",
  );
  writeFileSync('patch-nums.json', '{"patchNums":[1,2,3,4]}');
  // The first bytes of a PNG picture.
  writeFileSync('picture.png', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'));
}
