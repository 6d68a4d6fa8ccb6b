import { relative, sep } from 'node:path';
import {
  isTestFile,
  ROOT,
  sourceFiles,
  wordsMatching,
  workspacePackages,
} from '@ar-distill/workspace';

/** The one data set that ships: what knows it is a plugin. */
const NAME = /mnist/i;
/** The default preset of the command. */
const EXCEPTION = ['packages/ar-distill/src/commands/default-preset.ts', "'mnist-var'"];

describe('packages know no data set', () => {
  const all = workspacePackages('packages');

  it.each(all.map((from) => [from.manifest.name, from] as const))('%s', (_name, from) => {
    const files = sourceFiles(from.directory).filter((file) => !isTestFile(file));
    expect(files).not.toEqual([]);
    const found = files.flatMap((file) =>
      wordsMatching(file, NAME).map(({ text }) => [
        relative(ROOT, file).split(sep).join('/'),
        text,
      ]),
    );
    expect(found).toEqual(from.manifest.name === 'ar-distill' ? [EXCEPTION] : []);
  });

  it('finds identifiers and texts, but no comments', () => {
    const source =
      '// mnist\n/** MNIST */ const mnistSize = 1;\nf(`a ${x} Mnist`, "no", /mnist/, { "mnist-x": 2 });';
    expect(wordsMatching('a.ts', NAME, source)).toEqual([
      { text: 'mnistSize', line: 2 },
      { text: '} Mnist`', line: 3 },
      { text: '/mnist/', line: 3 },
      { text: '"mnist-x"', line: 3 },
    ]);
  });
});
