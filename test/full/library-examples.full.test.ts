import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatWithOptions } from 'node:util';
import { ROOT } from '@ar-distill/workspace';
import ts from 'typescript';
import { libraryExamples } from '../docs/library-examples';

const CODE = libraryExamples();

/** A project that has the plugins of the page, where its files are written. */
let project: string;
const before = process.cwd();
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'ar-distill-library-'));
  const dependencies = { '@ar-distill/plugin-var': '*', '@ar-distill/plugin-toy': '*' };
  writeFileSync(join(project, 'package.json'), JSON.stringify({ dependencies }));
  symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'));
  process.chdir(project);
});
afterAll(() => {
  process.chdir(before);
  rmSync(project, { recursive: true });
});

/** Runs lines of an ES module, whose imports stand first, and gives what they print. */
async function printedBy(code: string): Promise<string[]> {
  const printed: string[] = [];
  const log = (...values: readonly unknown[]): void => {
    printed.push(formatWithOptions({ breakLength: Infinity }, ...values));
  };
  const imports = code.match(/^import .*$/gm) ?? [];
  const body = code.replace(/^import .*$/gm, '');
  const { outputText } = ts.transpileModule(
    `${imports.join('\n')}\nexport const done = (async () => {${body}})();`,
    { compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 } },
  );
  const made: { done?: Promise<void> } = {};
  new Function('require', 'exports', 'console', outputText)(require, made, { log });
  await made.done;
  return printed;
}

it('runs as it stands, and prints what it says', async () => {
  const said = [...CODE.matchAll(/^ *\/\/ → (.*)$/gm)].map(([, text]) => text);
  expect(said.length).toBeGreaterThan(8);
  expect(await printedBy(CODE)).toEqual(said);
  for (const picture of ['digits.png', 'zero.png', 'walk.png', 'samples.png']) {
    expect(statSync(join(project, picture)).size).toBeGreaterThan(200);
  }
});
