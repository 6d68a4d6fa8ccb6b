import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Run } from '@ar-distill/runs';
import { z } from 'zod';
import { explainIssue } from '../settings/explain-issue';

/** Name of the figures of a run's report, for programs. */
export const RESULTS_FILE = 'results.json';

/** JSON has no NaN: it becomes null. */
const resultsSchema = z.record(z.string(), z.record(z.string(), z.number().nullable()));

/** Figures by what they are of and by their names. */
export type Results = z.infer<typeof resultsSchema>;

/** Writes the figures of a report into its run; returns the path of the file. */
export function writeResults(run: Run, results: Results): Promise<string> {
  return run.writeFile(RESULTS_FILE, Buffer.from(formatResults(results)));
}

/**
 * The figures of a run's report; undefined when it has none.
 * @throws Error naming the file when it is damaged.
 */
export async function readResults(folder: string): Promise<Results | undefined> {
  const file = path.join(folder, RESULTS_FILE);
  if (!existsSync(file)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new Error(
      `"${file}" is damaged: write it again with "ar-distill distill --resume ${folder}".`,
      { cause },
    );
  }
  const parsed = resultsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(explainIssue(parsed.error, { source: ` in ${file}` }));
}

/** The text of the file. */
export function formatResults(results: Results): string {
  return `${JSON.stringify(results, null, 2)}\n`;
}
