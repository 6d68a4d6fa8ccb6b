import { readFileSync, type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { explainIssue, knownKeys, refuseDeepYaml } from '@ar-distill/workflows';
import { UsageError } from '../errors';

/** Far more than options take; the parser's time grows with the square of the number of keys. */
const MAX_BYTES = 2 ** 16;

/**
 * Reads a YAML file and validates it. An empty file holds no keys.
 *
 * @throws UsageError with one sentence that names the file, and the key or the line.
 */
export function loadConfig<T>(file: string, cwd: string, schema: z.ZodType<T>): T {
  const value = parseYaml(readText(resolve(cwd, file), file), file) ?? {};
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new UsageError(
    explainIssue(result.error, {
      source: ` in ${file}`,
      knownKeys: (path) => knownKeys(schema, path),
      value,
    }),
  );
}

function readText(path: string, file: string): string {
  const stats = statOf(path);
  // Asked before it is opened: a pipe would be waited for.
  if (!stats?.isFile()) {
    const what = stats ? 'is no plain file' : 'is not there';
    throw new UsageError(
      `The config file ${file} cannot be read, because it ${what}: name another.`,
    );
  }
  if (stats.size > MAX_BYTES) {
    throw new UsageError(`The config file ${file} is too large to be one: name another.`);
  }
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`The config file ${file} cannot be read: check its permissions.`, {
      cause: error,
    });
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function parseYaml(text: string, file: string): unknown {
  const fail = (place: string, reason: string, cause: unknown): never => {
    throw new UsageError(`The config file ${file} is not valid YAML${place}: ${reason}.`, {
      cause,
    });
  };
  try {
    refuseDeepYaml(text);
  } catch (error) {
    return fail('', messageOf(error), error);
  }
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error) {
    const line = error.linePos?.[0].line;
    const reason = (error.message.split(' at line ')[0] ?? '').split('\n')[0] ?? '';
    return fail(line === undefined ? '' : ` (line ${line})`, reason.replace(/\.$/, ''), error);
  }
  try {
    // Aliases could unfold a few bytes to any amount, or hold themselves.
    return document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    return fail('', 'aliases like *name are not read, write their values out', cause);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
