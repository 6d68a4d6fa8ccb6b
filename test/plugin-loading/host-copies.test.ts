import { ROOT } from '@ar-distill/workspace';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GOT_ALL, PRINT_WHAT_IT_GOT, writeFiles, writeForeignPlugin } from './foreign-plugin';

// jest loads modules by itself: only a process of its own shows what Node does. From sources this goes
// with CommonJS alone; test/packed-install.test.ts has ES modules as well.

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'ar-distill-hosts-')));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** What a script prints, line by line, for the project in `root`. */
function run(script: string): unknown[] {
  const printed = execFileSync(
    process.execPath,
    ['-C', '@ar-distill/source', '-r', './tools/jest/register.js', '-e', script, root],
    { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

it.each([
  ['where there are none', false],
  ['whatever copies lie beside or in it', true],
])(
  "a plugin gets this application's packages %s",
  (_where, copies) => {
    writeForeignPlugin(root, 'commonjs', { copies });
    expect(run(PRINT_WHAT_IT_GOT)).toEqual([GOT_ALL]);
  },
  60_000,
);

it('leaves the packages of a program alone that lie beside a plugin', () => {
  writeForeignPlugin(root, 'commonjs', { copies: true });
  writeFiles(root, {
    'node_modules/other/package.json': '{"version":"1.0.0"}',
    'node_modules/other/index.js': `
      try { require('@ar-distill/core'); } catch (error) { exports.message = error.message; }`,
  });
  const other = `printed.then(() => console.log(JSON.stringify(require(cwd + '/node_modules/other'))));`;
  expect(run(`${PRINT_WHAT_IT_GOT}\n${other}`)).toEqual([
    GOT_ALL,
    { message: 'the copy in node_modules/@ar-distill/core has run' },
  ]);
}, 60_000);
