import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { explainIssue, knownKeys } from '@ar-distill/workflows';

/**
 * Reads a YAML file and validates it. An empty file holds no keys.
 *
 * @throws Error with one sentence that names the file, and the key or the line.
 */
export function loadConfig<T>(file: string, cwd: string, schema: z.ZodType<T>): T {
  const result = schema.safeParse(parseYaml(readText(resolve(cwd, file), file), file) ?? {});
  if (result.success) return result.data;
  throw new Error(
    explainIssue(result.error, {
      source: ` in ${file}`,
      knownKeys: (path) => knownKeys(schema, path),
    }),
  );
}

function readText(path: string, file: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`The config file ${file} cannot be read: check that it exists.`, {
      cause: error,
    });
  }
}

function parseYaml(text: string, file: string): unknown {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (!error) return document.toJS();
  const line = error.linePos?.[0].line;
  const place = line === undefined ? '' : ` (line ${line})`;
  const reason = (error.message.split(' at line ')[0] ?? '').split('\n')[0];
  throw new Error(`The config file ${file} is not valid YAML${place}: ${reason}.`, {
    cause: error,
  });
}
