import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ROOT } from '@ar-distill/workspace';
import { packWorkspace, type PackedPackage } from '../packing/pack-workspace';
import { startRegistry, type Registry } from '../packing/registry';
import { mustRun } from '../packing/run-command';

// The trainings of ten minutes take several times as long on a machine that has other work.
const MINUTES = 3_600_000;
const folder = mkdtempSync(join(tmpdir(), 'ar-distill-new-plugin-'));
let packed: readonly PackedPackage[];
let registry: Registry;

beforeAll(async () => {
  packed = await packWorkspace(join(folder, 'tarballs'));
  registry = await startRegistry(packed);
}, MINUTES);
afterAll(async () => {
  await registry?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Settings of a distillation that only shows that everything works. */
const SHORT = [
  'teacherPoolSize=64',
  'tuning.headIterations=1',
  'tuning.fullIterations=2',
  'generatorIterations=4',
];

const tarball = (wanted: string): string => packed.find(({ name }) => name === wanted)!.file;

/** Installs what the package.json of a plugin asks for, the packages of this checkout among it. */
async function install(plugin: string): Promise<void> {
  writeFileSync(join(plugin, '.npmrc'), '');
  const options = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  await mustRun(plugin, [
    'npm',
    ...['install', ...options, ...registry.npmArguments, '--save-dev', tarball('ar-distill')],
  ]);
}

/** Checks, trains, distils and samples in the folder of a plugin, by the commands of its README. */
async function goThrough(
  plugin: string,
  preset: string,
  short: readonly string[][],
): Promise<void> {
  await install(plugin);
  const checked = await mustRun(plugin, ['npm', 'run', 'check']);
  expect(checked).toMatch(/ 0 failed, /);
  const [trained = [], taught = [], distilled = []] = short;
  const arDistill = (...args: string[]) =>
    mustRun(plugin, ['npx', '--no-install', 'ar-distill', ...args, '--plugins-dir', '.']);
  const named = ['--preset', preset];
  const tokenizer = ['--tokenizer', `runs/00000-tokenizer-${preset}/tokenizer.safetensors`];
  const teacher = ['--teacher', `runs/00001-teacher-${preset}/teacher.safetensors`];
  await arDistill('train', 'tokenizer', ...named, ...trained);
  await arDistill('train', 'teacher', ...named, ...tokenizer, ...taught);
  await arDistill('sample', ...named, ...tokenizer, ...teacher, '--out', 'teacher.png');
  await arDistill('distill', ...named, ...tokenizer, ...teacher, ...distilled);
  await arDistill('sample', '--run', 'latest', '--out', 'generator.png');
  for (const name of ['teacher.png', 'generator.png']) {
    expect(readFileSync(join(plugin, name)).subarray(1, 4).toString()).toBe('PNG');
  }
}

it(
  'a plugin that npm create writes is checked, trained, distilled and sampled',
  async () => {
    const written = join(folder, 'written');
    mkdirSync(written);
    await mustRun(written, [
      'npm',
      ...['exec', '--yes', `--package=${tarball('create-ar-distill-plugin')}`],
      ...['--', 'create-ar-distill-plugin', 'fresh'],
    ]);
    await goThrough(join(written, 'ar-distill-plugin-fresh'), 'mnist-fresh', [
      ['--iterations', '20', '--no-report'],
      ['--iterations', '20'],
      [...SHORT.flatMap((setting) => ['--set', setting]), '--no-report'],
    ]);
  },
  MINUTES,
);

it(
  'the masked-order example reaches the figures of its page',
  async () => {
    const example = join(folder, 'maskgit');
    cpSync(join(ROOT, 'examples/plugin-maskgit'), example, {
      recursive: true,
      filter: (path) => !['node_modules', 'dist', 'runs'].includes(basename(path)),
    });
    await goThrough(example, 'mnist-maskgit', []);
    const report = readFileSync(join(example, 'runs/00002-mnist-maskgit/report.md'), 'utf8');
    const frechetDistance = (row: string): number => {
      const [, , , value] = report
        .split('\n')
        .find((line) => line.startsWith(`| ${row} `))!
        .split('|');
      return Number(value);
    };
    const generator = frechetDistance('DD2 generator');
    expect(generator).toBeLessThan(frechetDistance('one step before distillation'));
    expect(generator).toBeLessThan(frechetDistance('onestep*'));
  },
  MINUTES,
);
