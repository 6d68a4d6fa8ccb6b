import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '@ar-distill/workspace';
import type { PackedPackage } from './pack-workspace';
import type { Registry } from './registry';
import { runCommand, type Finished } from './run-command';

/**
 * Runs the README's install line in an empty folder with an empty .npmrc; the packages of this checkout
 * stand in for the published ones.
 */
export function installAsDocumented(
  folder: string,
  packed: readonly PackedPackage[],
  { npmArguments }: Registry,
): Promise<Finished> {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const line = /^npm install .*\bar-distill @ar-distill\/plugin-var$/m.exec(readme)?.[0];
  const own = packed.find(({ name }) => name === 'ar-distill')?.file;
  if (line === undefined || own === undefined) {
    throw new Error('The README has no line that installs ar-distill, or it was not packed.');
  }
  const words = line.split(' ').slice(1);
  mkdirSync(folder);
  writeFileSync(join(folder, '.npmrc'), '');
  return runCommand(folder, [
    'npm',
    ...words.map((word) => (word === 'ar-distill' ? own : word)),
    '--prefer-offline',
    ...npmArguments,
  ]);
}
