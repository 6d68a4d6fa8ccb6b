import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '@ar-distill/workspace';
import { pluginFiles } from 'create-ar-distill-plugin';
import { runNx } from '../workspace/run-nx';

const scaffold = (...args: string[]): string =>
  runNx('generate', '@ar-distill/workspace:plugin', ...args, '--dry-run');

it('nx writes the files that npm create writes', () => {
  const printed = scaffold('fresh', '--dir', 'written/here');
  const created = [...printed.matchAll(/^CREATE (\S+)$/gm)].map(([, path]) => path);
  expect(created.sort()).toEqual(
    Object.keys(pluginFiles('fresh'))
      .map((path) => `written/here/${path}`)
      .sort(),
  );
  expect(existsSync(join(ROOT, 'written'))).toBe(false);
}, 120_000);

it('nx leaves a folder alone that is there', () => {
  expect(() => scaffold('fresh', '--dir', 'docs')).toThrow(/There is a "docs" already: /);
}, 120_000);
