import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { DistillationMethod } from '@ar-distill/core';
import { ADAPTATION_STAGES } from '@ar-distill/core/methods';
import { arraysFile, openArrays, type Run } from '@ar-distill/runs';
import type { PresetContext } from '../context';
import { DISTILLATION, readRun, type ConfigOf } from '../runs/run-kinds';
import { copyArrays } from './stage1';

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

/** A pool of a run, and how that of another run was drawn otherwise. */
interface ComparedPool extends DrawnPool {
  readonly difference: string | undefined;
}

/**
 * Checks the teacher's sequences of the run `from` that a run with this config would use again.
 * @throws Error naming the file that is damaged.
 */
export async function checkPools(
  context: PresetContext,
  method: DistillationMethod,
  from: string,
  config: DistillConfig,
): Promise<void> {
  for (const { arrays, difference } of comparedPools(context, method, from, config)) {
    if (difference === undefined) await openArrays(from, arrays);
  }
}

/**
 * Copies the teacher's sequences of the run `from`, whose tuned weights are used again and whose teacher
 * is the same, where the settings that they depend on are the same as well; says whether they are.
 * @throws Error naming the file that is damaged.
 */
export async function reusePools(
  context: PresetContext,
  method: DistillationMethod,
  from: string,
  run: Run<DistillConfig>,
): Promise<void> {
  for (const { arrays, title, difference } of comparedPools(context, method, from, run.config)) {
    if (existsSync(arraysFile(run.path, arrays))) continue;
    if (difference === undefined) {
      await copyArrays(from, arrays, run);
      context.progress.message(`${title} of "${from}" are used again.`);
    } else {
      context.progress.message(`${title} are drawn anew: ${difference}.`);
    }
  }
}

/** Whether a run with this config uses the pool of its method again that the run `from` has. */
export function reusesPool(
  context: PresetContext,
  method: DistillationMethod,
  from: string,
  config: DistillConfig,
): boolean {
  return comparedPools(context, method, from, config).some(
    ({ arrays, difference }) => arrays !== ADAPTATION_STAGES.sequences && difference === undefined,
  );
}

/** The pools of a run with this config that the run `from` has as well. */
function comparedPools(
  context: PresetContext,
  method: DistillationMethod,
  from: string,
  config: DistillConfig,
): ComparedPool[] {
  const made = poolsOf(method, readRun(DISTILLATION, context, from, '--stage1'));
  const there = poolsOf(method, config).filter(({ arrays }) =>
    existsSync(arraysFile(from, arrays)),
  );
  return there.map((pool) => {
    const other = made.find(({ arrays }) => arrays === pool.arrays);
    return { ...pool, difference: differenceOf(pool, other?.determinedBy ?? {}, from) };
  });
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
