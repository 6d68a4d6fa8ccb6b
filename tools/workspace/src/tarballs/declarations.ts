import { join } from 'node:path';
import ts from 'typescript';

/**
 * What TypeScript says against the declarations of packages of this project as a user meets them:
 * strictly, without skipLibCheck. Declarations of others are not judged.
 *
 * @param folder - of a project that has the packages, TypeScript's declarations of Node among them.
 * @param files - modules of it that import them.
 */
export function declarationComplaints(folder: string, files: readonly string[]): string[] {
  const program = ts.createProgram(
    files.map((file) => join(folder, file)),
    {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.Node16,
      moduleResolution: ts.ModuleResolutionKind.Node16,
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      types: ['node'],
      typeRoots: [join(folder, 'node_modules/@types')],
    },
  );
  return ts
    .getPreEmitDiagnostics(program)
    .filter(({ file }) => !file || isOurs(folder, file.fileName))
    .map(({ file, messageText }) => {
      const text = ts.flattenDiagnosticMessageText(messageText, ' ');
      return `${file?.fileName ?? folder}: ${text}`;
    });
}

function isOurs(folder: string, file: string): boolean {
  const [, owner] = /.*\/node_modules\/(@[^/]+\/[^/]+|[^/]+)\//.exec(file) ?? [];
  if (owner === undefined) return file.startsWith(folder);
  return owner === 'ar-distill' || owner.startsWith('@ar-distill/');
}
