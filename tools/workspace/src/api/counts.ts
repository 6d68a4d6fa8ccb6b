import ts from 'typescript';
import { rootConfig } from '../compiler-options';
import { entriesOf, type WorkspacePackage } from '../packages';

/** How much one entry of a package exports. */
export interface ExportCount {
  readonly specifier: string;
  /** Names that exist at run time: functions, classes, constants. */
  readonly values: number;
  /** Names that exist for the compiler alone: interfaces and type aliases. */
  readonly types: number;
}

/** Counts what every entry of the packages exports, read from the sources. */
export function exportCounts(all: readonly WorkspacePackage[]): ExportCount[] {
  const entries = all.flatMap(entriesOf);
  const program = ts.createProgram(
    entries.map(({ source }) => source),
    rootConfig().options,
  );
  const checker = program.getTypeChecker();
  return entries.map(({ specifier, source }) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(source)!);
    const names = module ? checker.getExportsOfModule(module) : [];
    const values = names.filter((name) => isValue(checker, name)).length;
    return { specifier, values, types: names.length - values };
  });
}

function isValue(checker: ts.TypeChecker, name: ts.Symbol): boolean {
  // `export type { SomeClass }` passes on the type alone.
  if (name.declarations?.some(ts.isTypeOnlyImportOrExportDeclaration)) return false;
  const target = name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name;
  return (target.flags & ts.SymbolFlags.Value) !== 0;
}

/** The counts as a Markdown table with a sum. */
export function countTable(counts: readonly ExportCount[]): string {
  const sum = (kind: 'values' | 'types') => counts.reduce((total, count) => total + count[kind], 0);
  return [
    '| entry | values | types |',
    '| --- | ---: | ---: |',
    ...counts.map(({ specifier, values, types }) => `| ${specifier} | ${values} | ${types} |`),
    `| all | ${sum('values')} | ${sum('types')} |`,
  ].join('\n');
}
