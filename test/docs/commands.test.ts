import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import {
  configuredKeys,
  namedCommands,
  presetNames,
  programIn,
  referencePages,
} from '@ar-distill/docs';
import { ROOT } from '@ar-distill/workspace';
import { fencesOf, markdownPages } from './markdown-pages';
import { commandsIn } from './shell-lines';

const LINES = markdownPages().flatMap(({ file, text }) =>
  fencesOf(text)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ code }) => commandsIn(code))
    .map((args) => [file, args] as const),
);
const KEYS = configuredKeys();
/** Ours, and those of plugins that pages write. */
const PRESETS = [...presetNames(), 'mnist-maskgit', 'flowers-var', 'small'];

/** Settings that are typed with `--set`, without their values. */
function settingsIn(args: readonly string[]): string[] {
  return args.flatMap((word, i) => (args[i - 1] === '--set' ? [word.split('=')[0] ?? ''] : []));
}

/** Parses a command line as the command does, and runs nothing; says what is wrong with it. */
async function problemOf(args: readonly string[]): Promise<string | undefined> {
  const program = programIn(ROOT);
  let parsed: string | undefined;
  for (const { path, command } of namedCommands(program)) {
    command.action(() => {
      parsed = path;
    });
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    const isHelp = error instanceof CommanderError && error.exitCode === 0;
    return isHelp ? undefined : String(error);
  }
  return parsed === undefined ? 'it runs no command' : undefined;
}

it('finds the lines of all commands', () => {
  expect(LINES.length).toBeGreaterThan(120);
  const words = new Set(LINES.map(([, [command]]) => command));
  for (const { path } of namedCommands(programIn(ROOT))) {
    expect(words).toContain(path.split(' ')[0]);
  }
});

it.each(LINES)('%s: ar-distill %j', async (_file, args) => {
  expect(await problemOf(args)).toBeUndefined();
  for (const setting of settingsIn(args)) {
    const key = setting.replace(/^(?:adaptation|architecture)\./, '').replace(/\.\d+\./g, '.N.');
    expect(KEYS).toContain(key);
  }
  const preset = args[args.indexOf('--preset') + 1];
  if (args.includes('--preset')) expect(PRESETS).toContain(preset?.replace(/^\w+:/, ''));
});

it.each([
  [['distil'], 'unknown command'],
  [['distill', '--presets', 'mnist-var'], 'unknown option'],
  [['sample', '--count', 'many'], 'a number'],
  [['study'], 'missing required argument'],
])('knows that %j is wrong', async (args, reason) => {
  expect(await problemOf(args)).toContain(reason);
});

it('the pages of commands and settings are what npm run docs:reference writes', async () => {
  const pages = await referencePages(ROOT);
  expect([...pages.keys()]).toEqual(['command-line.md', 'configuration.md']);
  for (const [file, text] of pages) {
    expect(readFileSync(join(ROOT, 'docs', file), 'utf8')).toBe(text);
  }
});
