import { relative, resolve, sep } from 'node:path';
import ts from 'typescript';
import { rootConfig } from './compiler-options';
import { ROOT } from './root';

/**
 * `typecheck.ts PROJECT`: checks a project's sources and tests with the root's settings, against the
 * sources of what they import. Exits with 1 after complaints.
 */
function main([project]: readonly string[]): number {
  if (project === undefined) {
    console.error('Name a project, for example: typecheck.ts packages/core.');
    return 2;
  }
  const { options, fileNames } = rootConfig();
  const folder = resolve(ROOT, project) + sep;
  const own = fileNames.filter((name) => resolve(name).startsWith(folder));
  const complaints = ts.getPreEmitDiagnostics(ts.createProgram(own, options));
  if (complaints.length === 0) return 0;
  console.error(
    ts.formatDiagnostics(complaints, {
      getCanonicalFileName: (name) => relative(ROOT, name),
      getCurrentDirectory: () => ROOT,
      getNewLine: () => '\n',
    }),
  );
  return 1;
}

process.exitCode = main(process.argv.slice(2));
