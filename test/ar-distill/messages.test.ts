import { createProgram } from '../../packages/ar-distill/src/commands/program';
import { environment, problemsOf, runRefused, workingFolder } from './in-process';
import { cellsOf, makeFixtures } from './message-cells';

const folder = workingFolder(makeFixtures);
const CELLS = cellsOf(
  createProgram({
    ...environment({ stdout: '', stderr: '' }),
    mode: 'work',
    finish: () => undefined,
    fail: () => 1,
  }),
);

it('knows every option of every command, and every wrong value for it', () => {
  expect(CELLS.length).toBeGreaterThan(700);
  for (const command of ['distill', 'sample', 'eval', 'adapt', 'train features', 'doctor']) {
    const own = CELLS.filter(({ name }) => name.startsWith(`${command} --`));
    expect(own.length).toBeGreaterThan(30);
  }
});

it('refuses all of them in one sentence with exit code 1 or 2, and leaves no file', async () => {
  const wrong: object[] = [];
  const start = folder.files();
  for (const { name, args, subjects } of CELLS) {
    const ended = await runRefused(args);
    const problems = problemsOf(ended, subjects);
    if (folder.files().join() !== start.join()) problems.push('leaves files');
    if (problems.length > 0) wrong.push({ name, problems, ...ended });
  }
  expect(wrong).toEqual([]);
}, 300_000);
