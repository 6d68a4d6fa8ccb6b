import { join, relative, sep } from 'node:path';
import ts from 'typescript';
import { rootConfig } from './compiler-options';
import type { WorkspacePackage } from './packages';
import { ROOT } from './root';
import { isTestFile, sourceFiles } from './sources';

const NPM_PACKAGE = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//;

/**
 * Every `x instanceof X` whose X another package declares: a plugin may bring its own copy of that
 * package, and then the answer is no for objects that are right. Among packages, classes of this
 * repository count; in plugins, classes of npm packages as well. What the language and Node declare
 * exists once per process and is fine.
 *
 * @returns one line for each, `file:line: instanceof X of package`.
 */
export function foreignInstanceChecks(all: readonly WorkspacePackage[]): string[] {
  const files = all.flatMap((from) =>
    sourceFiles(from.directory)
      .filter((file) => !isTestFile(file))
      .map((file) => ({ from, file })),
  );
  const program = ts.createProgram(
    files.map(({ file }) => file),
    rootConfig().options,
  );
  const checker = program.getTypeChecker();
  return files.flatMap(({ from, file }) => {
    const source = program.getSourceFile(file)!;
    return instanceChecks(source).flatMap((classNode) => {
      const home = homeOf(checker, classNode, all);
      if (home === undefined || home.name === from.manifest.name) return [];
      if (!home.isWorkspace && from.kind !== 'plugins') return [];
      const { line } = source.getLineAndCharacterOfPosition(classNode.getStart(source));
      const place = `${relative(ROOT, file)}:${line + 1}`;
      return [`${place}: instanceof ${classNode.getText(source)} of ${home.name}`];
    });
  });
}

/** The right sides of all `instanceof` in a file. */
function instanceChecks(source: ts.SourceFile): ts.Expression[] {
  const found: ts.Expression[] = [];
  const visit = (node: ts.Node): void => {
    if (
      ts.isBinaryExpression(node) &&
      node.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword
    ) {
      found.push(node.right);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

interface Home {
  readonly name: string;
  readonly isWorkspace: boolean;
}

/** The package that declares what the expression names; undefined for the language and Node. */
function homeOf(
  checker: ts.TypeChecker,
  expression: ts.Expression,
  all: readonly WorkspacePackage[],
): Home | undefined {
  const named = checker.getSymbolAtLocation(expression);
  const symbol =
    named && named.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(named) : named;
  const file = symbol?.declarations?.[0]?.getSourceFile().fileName;
  if (file === undefined) return undefined;
  const inside = all.find(({ directory }) => join(file).startsWith(directory + sep));
  if (inside) return { name: inside.manifest.name, isWorkspace: true };
  const name = NPM_PACKAGE.exec(file)?.[1];
  if (name === undefined || name === 'typescript' || name.startsWith('@types/')) return undefined;
  return { name, isWorkspace: false };
}
