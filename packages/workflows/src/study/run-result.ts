import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { atomicWriteFile } from '@ar-distill/checkpoints';
import { z } from 'zod';
import { explainIssue } from '../settings/explain-issue';
import type { StudyRun } from './plan-runs';

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
  /** Seconds of every stage, and of the report; two runs of one config differ in times alone. */
  times: z.record(z.string(), z.number()),
});

/** What a study keeps of a run. */
export type RunResult = z.infer<typeof resultSchema>;

/** Where the study in `folder` keeps a file of a run. */
export function resultFile(folder: string, key: string, extension: string): string {
  return path.join(folder, 'results', `${key}${extension}`);
}

/** Name of the row of images of which the teacher has redrawn the last `steps` AR steps. */
export function redrawnRow(steps: number): string {
  return `last ${steps} AR steps by the teacher`;
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

/** Whether a result has the rows that cells of a run ask for. */
export function hasRows({ rows }: RunResult, { teacherSteps }: StudyRun): boolean {
  const names = rows.map(({ name }) => name);
  return teacherSteps.every((steps) => names.includes(redrawnRow(steps)));
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
