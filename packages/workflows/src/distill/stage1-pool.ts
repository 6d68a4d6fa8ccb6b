import { existsSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readSafetensors } from '@ar-distill/checkpoints';
import type { DistillationMethod } from '@ar-distill/core';
import { ADAPTATION_STAGES } from '@ar-distill/core/methods';
import type { Run } from '@ar-distill/runs';
import type { PresetContext } from '../context';
import { DISTILLATION, readRun, type ConfigOf } from '../runs/run-kinds';

type DistillConfig = ConfigOf<typeof DISTILLATION>;

/** Sequences that a run draws, and what they depend on beside its teacher. */
interface DrawnPool {
  /** Name of the arrays. */
  readonly arrays: string;
  /** What is drawn, as sentences begin with it. */
  readonly title: string;
  /** Values by what they are called; undefined where the run does not say them. */
  readonly determinedBy: Readonly<Record<string, unknown>>;
}

/**
 * Copies the teacher's sequences of the run `from`, whose tuned weights are used again and whose teacher
 * is the same, where the settings that they depend on are the same as well; says whether they are.
 */
export async function reusePools(
  context: PresetContext,
  method: DistillationMethod,
  from: string,
  run: Run<DistillConfig>,
): Promise<void> {
  const made = poolsOf(method, readRun(DISTILLATION, context, from, '--stage1'));
  for (const pool of poolsOf(method, run.config)) {
    const { arrays, title } = pool;
    const file = arraysFile(from, arrays);
    if (!existsSync(file) || existsSync(arraysFile(run.path, arrays))) continue;
    const other = made.find((one) => one.arrays === arrays);
    const difference = differenceOf(pool, other?.determinedBy ?? {}, from);
    if (difference === undefined) {
      await run.saveArrays(arrays, (await readSafetensors(file)).tensors);
      context.progress.message(`${title} of "${from}" are used again.`);
    } else {
      context.progress.message(`${title} are drawn anew: ${difference}.`);
    }
  }
}

function poolsOf(
  drawing: DistillationMethod,
  { method, settings, teacherSampling, adaptation }: DistillConfig,
): DrawnPool[] {
  const parsed = drawing.settingsSchema.safeParse(settings);
  const isDrawn = method === drawing.name && parsed.success;
  const pool = isDrawn ? drawing.plan?.(parsed.data).pool : undefined;
  const pools: DrawnPool[] = [];
  if (pool) {
    const values = pool.dependsOn.map((key) => [`"${key}"`, settings[key]]);
    pools.push({
      arrays: pool.arrays,
      title: "The teacher's sequences",
      determinedBy: {
        ...Object.fromEntries(values),
        'the sampling of the teacher': teacherSampling,
      },
    });
  }
  if (adaptation) {
    const { seed, sequences, heldOut } = adaptation;
    pools.push({
      arrays: ADAPTATION_STAGES.sequences,
      title: "The sequences of the teacher's adaptation",
      determinedBy: {
        'the seed of the adaptation': seed,
        'their number in the adaptation': sequences + heldOut,
      },
    });
  }
  return pools;
}

/** How the pool of another run was drawn otherwise, as a part of a sentence. */
function differenceOf(
  { determinedBy }: DrawnPool,
  other: Readonly<Record<string, unknown>>,
  from: string,
): string | undefined {
  for (const [what, value] of Object.entries(determinedBy)) {
    if (value !== undefined && isDeepStrictEqual(value, other[what])) continue;
    if (other[what] === undefined) return `"${from}" does not say ${what} that it had`;
    return `${what} is ${JSON.stringify(value)} here and ${JSON.stringify(other[what])} in "${from}"`;
  }
  return undefined;
}

function arraysFile(run: string, name: string): string {
  return path.join(run, 'arrays', `${name}.safetensors`);
}
