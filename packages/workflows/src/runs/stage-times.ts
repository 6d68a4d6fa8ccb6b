import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Run } from '@ar-distill/runs';
import { z } from 'zod';

const FILE = 'stages.json';

const stageTimesSchema = z.record(
  z.string(),
  z.strictObject({
    /** Of all processes that worked on the stage. */
    seconds: z.number().min(0),
    /** Whether it has ended. */
    finished: z.boolean(),
  }),
);

/** How long stages took, by their names. */
export type StageTimes = z.infer<typeof stageTimesSchema>;

/**
 * What the run knows of the time of its stages.
 * @throws Error naming the file when it is damaged.
 */
export async function readStageTimes(run: string): Promise<StageTimes> {
  const file = path.join(run, FILE);
  if (!existsSync(file)) return {};
  try {
    return stageTimesSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    throw new Error(`"${file}" is damaged: delete it, and the run forgets how long it took.`, {
      cause,
    });
  }
}

export async function writeStageTimes(
  run: Pick<Run, 'writeFile'>,
  times: StageTimes,
): Promise<void> {
  await run.writeFile(FILE, Buffer.from(`${JSON.stringify(times, null, 2)}\n`));
}
