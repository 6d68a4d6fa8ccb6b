import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';

/** One import, export-from, `import()` or `import type` of a file. */
export interface Import {
  readonly file: string;
  readonly specifier: string;
}

export const isTestFile = (file: string): boolean => file.endsWith('.test.ts');
export const isRelative = (specifier: string): boolean => /^\.{1,2}(\/|$)/.test(specifier);

/** The TypeScript files in a package's `src`, tests among them. */
export function sourceFiles(packageDirectory: string): string[] {
  const folder = join(packageDirectory, 'src');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** What a file imports, types included. */
export function importsOf(file: string): Import[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'), true, true);
  return importedFiles.map(({ fileName }) => ({ file, specifier: fileName }));
}

/** The npm package that a specifier names. */
export function packageNameOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The TypeScript file that a relative import means; undefined for JSON and the like. */
export function resolveRelative({ file, specifier }: Import): string | undefined {
  const target = resolve(dirname(file), specifier);
  return [`${target}.ts`, join(target, 'index.ts'), target.replace(/\.js$/, '.ts')].find(
    (path) => path.endsWith('.ts') && existsSync(path),
  );
}
