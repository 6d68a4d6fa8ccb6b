import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isTestFile, ROOT, sourceFiles, workspacePackages } from '@ar-distill/workspace';
import { runRefused, workingFolder } from '../ar-distill/in-process';
import { fencesOf } from './markdown-pages';
import { commandsIn } from './shell-lines';

const FENCES = fencesOf(readFileSync(join(ROOT, 'docs/troubleshooting.md'), 'utf8'));
/** What differs from one machine, or one mistake, to the next. */
const VARIABLE = '…';
/** Shorter pieces of a sentence may stand anywhere. */
const SHORTEST_PIECE = 8;

/** A session on the page: a command, and what it prints on stderr. */
const SESSIONS = FENCES.filter(({ language }) => language === 'console').map(({ code }) => {
  const [, command = '', printed = ''] = /^\$ ([^\n]*)\n([^\n]*)\n$/.exec(code) ?? [];
  return [command, printed] as const;
});

/** A sentence that needs a broken machine: looked up where it is made. */
const SENTENCES = FENCES.filter(({ language }) => language === 'text').map(({ code }) =>
  code.trim().replace(/^Error: /, ''),
);

const SOURCES = workspacePackages('packages', 'plugins')
  .flatMap(({ directory }) => sourceFiles(directory))
  .filter((file) => !isTestFile(file))
  .map((file) =>
    readFileSync(file, 'utf8')
      // Sentences are written over several lines, with values in them.
      .replace(/[`'"] \+\s*[`'"]/g, '')
      .replace(/\$\{[^}]*\}/g, VARIABLE),
  );

workingFolder(() => {
  writeFileSync('model.pth', 'version https://git-lfs.github.com/spec/v1\n'.repeat(3));
  cpSync(join(ROOT, 'plugins/var/assets/mnist/teacher.safetensors'), 'var-teacher.safetensors');
});

it('has sessions and sentences', () => {
  expect(SESSIONS.length).toBeGreaterThan(8);
  expect(SENTENCES.length).toBeGreaterThan(7);
});

it.each(SESSIONS)('%s', async (command, printed) => {
  const [args = []] = commandsIn(command);
  const { code, stderr } = await runRefused(args);
  expect([1, 2]).toContain(code);
  const [sentence = ''] = stderr.split('\n').filter((line) => line.startsWith('Error: '));
  const pieces = printed
    .split(VARIABLE)
    .map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  expect(sentence).toMatch(new RegExp(`^${pieces.join('.*')}$`));
});

it.each(SENTENCES)('%s', (sentence) => {
  const pieces = sentence.split(VARIABLE).filter((piece) => piece.length >= SHORTEST_PIECE);
  expect(pieces).not.toEqual([]);
  const makers = SOURCES.filter((source) => pieces.every((piece) => source.includes(piece)));
  expect(makers).not.toEqual([]);
});
