import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runRefused as run, workingFolder } from './in-process';

const STUDY = `
name: weights
title: Weights
presets: [toy-joint]
seeds: [0, 1]
cells: { constant: {}, falling: { settings: { stepWeights: [3, 1] } }, again: {} }
compare: { reference: constant, metric: totalVariation }
`;
const FILE = path.join('folder', 'study.yaml');

const folder = workingFolder(() => {
  mkdirSync('folder');
  writeFileSync(FILE, STUDY);
  writeFileSync(path.join('folder', 'typo.yaml'), `${STUDY}sampels: 9\n`);
});
const GIVEN = ['folder', FILE, path.join('folder', 'typo.yaml')];
const OVERVIEW = 'Study: 3 cells, 4 runs, 0 done\n';
const NEXT = `Next: ar-distill study ${FILE}\n`;

it('says with --plan what there is to run, and writes nothing', async () => {
  const ended = await run(['study', FILE, '--plan']);
  expect(ended).toEqual({ code: 0, stdout: OVERVIEW + NEXT, stderr: '' });
  expect(folder.files()).toEqual(GIVEN);
});

it.each([
  [[FILE, '--plan', '--markdown'], /^Error: --plan writes nothing .*: leave one out\.\n$/],
  [[FILE, '--plan', '--page-only'], /^Error: --plan writes nothing .*: leave one out\.\n$/],
  [[], /^Error: The argument <file> is missing: /],
  [
    ['absent.yaml'],
    /^Error: The config file absent\.yaml cannot be read, because it is not there: /,
  ],
  [[GIVEN[2]!], /^Error: .*"sampels".* in folder.typo\.yaml.*did you mean "samples"\?\n$/],
])('refuses %j', async (args, message) => {
  const { code, stdout, stderr } = await run(['study', ...args]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(message);
  expect(folder.files()).toEqual(GIVEN);
});

it('writes the page alone with --page-only, beside the file', async () => {
  const { code, stdout, stderr } = await run(['study', FILE, '--page-only']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.startsWith(`${OVERVIEW}Page: `)).toBe(true);
  expect(stdout.endsWith(`${path.join('folder', 'weights.html')}\n${NEXT}`)).toBe(true);
  expect(folder.files()).toEqual([...GIVEN, path.join('folder', 'weights.html')].sort());
});

it('writes Markdown, too, with --markdown, and says so of what goes on', async () => {
  const { code, stdout } = await run(['study', FILE, '--page-only', '--markdown']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/Next: ar-distill study \S+ --markdown\n$/);
  expect(folder.files()).toContain(path.join('folder', 'weights.md'));
  const text = readFileSync(path.join('folder', 'weights.md'), 'utf8');
  expect(text).toMatch(/^# Weights\n\n0 of 4 runs, seeds 0, 1; /);
  expect(text).toMatch(/\n## toy-joint\n\n\| cell +\| runs \|/);
});
