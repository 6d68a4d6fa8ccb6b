import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from './root';

/** The repository's tsconfig.json as the compiler reads it: options, and the files that it includes. */
export function rootConfig(): ts.ParsedCommandLine {
  const file = join(ROOT, 'tsconfig.json');
  const { config, error } = ts.readConfigFile(file, ts.sys.readFile);
  const parsed = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const [problem] = error ? [error] : parsed.errors;
  if (problem) {
    throw new Error(`${file}: ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`);
  }
  return parsed;
}
