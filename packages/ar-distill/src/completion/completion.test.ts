import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Command } from 'commander';
import { completedCommands } from './completed-commands';
import { completionScript, SHELLS } from './completion-scripts';

const program = new Command('ar-distill').option('--version', 'print the version');
const train = program.command('train').description("train what a user's preset lacks");
train.command('teacher').description('the AR teacher').option('--preset <name>', 'preset: a name');
program
  .command('sample')
  .description('draw images')
  .option('--preset <name>', 'preset')
  .option('--provider <name>', 'of the runtime')
  .option('--out <file>', 'picture')
  .option('--teacher [path]', 'or the teacher')
  .option('--snap', 'to codes');
const COMMANDS = completedCommands(program);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'completion-'));
  // Stands in for the command: the script asks it for the names of presets.
  mkdirSync(join(folder, 'bin'));
  const asked = join(folder, 'bin', 'ar-distill');
  writeFileSync(asked, '#!/bin/sh\n[ "$1 $2" = "completion presets" ] && printf "one\\ntwo\\n"\n');
  chmodSync(asked, 0o755);
  writeFileSync(join(folder, 'bash'), completionScript('bash', COMMANDS));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What bash itself offers for the last of these words. */
function offered(...words: readonly string[]): string[] {
  const line = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ar_distill
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const printed = execFileSync('bash', ['-c', line, join(folder, 'bash'), ...words], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH']}` },
  });
  return printed.split('\n').filter((word) => word !== '');
}

it.each<[readonly string[], readonly string[]]>([
  [[''], ['train', 'sample', '--version']],
  [['tr'], ['train']],
  [['train', ''], ['teacher']],
  [['train', 'teacher', '--'], ['--preset']],
  [['sample', '--s'], ['--snap']],
  [
    ['sample', '--snap', '--p'],
    ['--preset', '--provider'],
  ],
  [
    ['sample', '--provider', 'c'],
    ['cpu', 'cuda'],
  ],
  [
    ['sample', '--preset', ''],
    ['one', 'two'],
  ],
  [['train', 'teacher', '--preset', 'o'], ['one']],
  // Files are offered by bash itself.
  [['sample', '--out', ''], []],
])('bash offers after %j what the program has', (words, expected) => {
  expect(offered('ar-distill', ...words)).toEqual(expected);
});

it.each(SHELLS)('the script of %s names every command and option', (shell) => {
  const script = completionScript(shell, COMMANDS);
  const dashes = shell === 'fish' ? '-l ' : '--';
  for (const word of ['train', 'teacher', 'sample']) expect(script).toContain(word);
  for (const option of ['version', 'preset', 'provider', 'out', 'teacher', 'snap']) {
    expect(script).toContain(`${dashes}${option}`);
  }
  expect(script).toContain('ar-distill completion presets');
});

it('quotes what descriptions hold for each shell', () => {
  expect(completionScript('zsh', COMMANDS)).toContain(
    `'train:train what a user'\\''s preset lacks'`,
  );
  expect(completionScript('fish', COMMANDS)).toContain(`-d 'train what a user\\'s preset lacks'`);
});
