import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { atomicWriteFile } from '@ar-distill/checkpoints';
import { PATH_LENGTH } from '@ar-distill/evaluation';
import { z } from 'zod';
import { explainIssue } from '../settings/explain-issue';
import type { StudyRun } from './plan-runs';
import type { StudyFile } from './study-file';

/** Results are kept in version control. */
export const MAX_RESULT_BYTES = 20_000;
const VERSION = 1;

const resultSchema = z.strictObject({
  version: z.literal(VERSION),
  /** What was distilled, and how. */
  config: z.record(z.string(), z.unknown()),
  /** Row of the distilled generator. */
  result: z.string().optional(),
  rows: z.array(
    z.strictObject({
      name: z.string(),
      evaluations: z.number().optional(),
      values: z.record(z.string(), z.number()),
    }),
  ),
  /** Fréchet distance during training; empty where it is not measured. */
  curve: z.array(
    z.strictObject({
      updates: z.number(),
      /** Of everything that was trained until then, the stages before the generator's included. */
      seconds: z.number().optional(),
      distance: z.number(),
    }),
  ),
  machine: z.strictObject({
    version: z.string(),
    node: z.string(),
    platform: z.string(),
    processor: z.string(),
  }),
  /** Seconds of every stage, and as `report` of everything else; runs of one config differ in times alone. */
  times: z.record(z.string(), z.number()),
});

/** What a study keeps of a run. */
export type RunResult = z.infer<typeof resultSchema>;

/** Where the study in `folder` keeps a file of a run. */
export function resultFile(folder: string, key: string, extension: string): string {
  return path.join(folder, 'results', `${key}${extension}`);
}

/**
 * The result that the folder of a study has of a run; undefined when there is none.
 * @throws Error naming the file when it is damaged.
 */
export async function readResult(folder: string, key: string): Promise<RunResult | undefined> {
  const file = resultFile(folder, key, '.json');
  if (!existsSync(file)) return undefined;
  const parsed = resultSchema.safeParse(await readJson(file));
  if (parsed.success) return parsed.data;
  throw new Error(explainIssue(parsed.error, { source: ` in ${file}` }));
}

/** What a study asks of a run that its result does not have. */
export interface MissingMeasures {
  /** Rows of the report; the usual ones where it is not known which it has. */
  readonly rows: ReadonlySet<string> | undefined;
  /** Pairs of the path length of the distilled generator. */
  readonly pathLength: number | undefined;
}

/** What is missing of a run; undefined for nothing. */
export function missingOf(
  result: RunResult | undefined,
  { rows }: Pick<StudyRun, 'rows'>,
  { pathLength }: Pick<StudyFile, 'pathLength'>,
): MissingMeasures | undefined {
  if (!result) return { rows, pathLength };
  const values = new Map(result.rows.map((row) => [row.name, row.values]));
  const missing = new Set([...(rows ?? [])].filter((name) => !values.has(name)));
  // Where no cell is the generator, none is compared by its path length.
  const generator = values.get(result.result ?? '');
  const isMeasured =
    pathLength === undefined || !generator || Object.hasOwn(generator, PATH_LENGTH.name);
  if (missing.size === 0 && isMeasured) return undefined;
  return { rows: missing, pathLength: isMeasured ? undefined : pathLength };
}

/** What an earlier result has, if there is one, and what was measured since then, together. */
export function joinResults(before: RunResult | undefined, now: RunResult): RunResult {
  const rows = new Map<string, RunResult['rows'][number]>();
  for (const row of [...(before?.rows ?? []), ...now.rows]) {
    const known = rows.get(row.name);
    rows.set(row.name, { ...known, ...row, values: { ...known?.values, ...row.values } });
  }
  const report = (before?.times['report'] ?? 0) + (now.times['report'] ?? 0);
  // A run that was trained once more for a row may have had another machine, or shared it.
  const { curve, machine, times } = before && now.curve.length === 0 ? before : now;
  return {
    ...before,
    ...now,
    ...{ rows: [...rows.values()], curve, machine, times: { ...times, report } },
  };
}

/** Writes it whole or not at all. @throws Error when it is too large to be kept. */
export async function writeResult(folder: string, key: string, result: RunResult): Promise<void> {
  const bytes = Buffer.from(`${JSON.stringify(result, null, 1)}\n`);
  if (bytes.length > MAX_RESULT_BYTES) {
    throw new Error(
      `The result of the run "${key}" has ${bytes.length} bytes where ${MAX_RESULT_BYTES} are kept: ask for fewer rows.`,
    );
  }
  await atomicWriteFile(resultFile(folder, key, '.json'), bytes);
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new Error(`"${file}" is damaged: delete it, and the study runs it again.`, { cause });
  }
}
