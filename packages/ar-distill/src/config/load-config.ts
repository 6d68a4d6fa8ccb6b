import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import type { z } from 'zod';
import { explainIssue } from './explain-issue';

/**
 * Reads a YAML file and validates it. An empty file holds no keys.
 *
 * @throws Error with one sentence that names the file, and the key or the line.
 */
export function loadConfig<T>(file: string, cwd: string, schema: z.ZodType<T>): T {
  const result = schema.safeParse(parseYaml(readText(resolve(cwd, file), file), file) ?? {});
  if (result.success) return result.data;
  throw new Error(explainIssue(result.error, schema, `in ${file}`));
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
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const line = error.linePos?.[0].line;
    const place = line === undefined ? '' : ` (line ${line})`;
    const reason = (error.message.split(' at line ')[0] ?? '').split('\n')[0];
    throw new Error(`The config file ${file} is not valid YAML${place}: ${reason}.`, {
      cause: error,
    });
  }
}
