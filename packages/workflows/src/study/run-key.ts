import type { DistillOptions } from '../distill/distill';
import type { ConfigOf, DISTILLATION } from '../runs/run-kinds';
import { changesOf, type Difference } from '../settings/differences';
import { checksumOfTree } from '../settings/checksum-of-tree';

type DistillConfig = ConfigOf<typeof DISTILLATION>;

const SHORT = 12;

/**
 * Names a run in results and run directories: by its preset, its seed and the start of a checksum of what the
 * study says of it. What the study leaves out is no part of it: a setting that comes later, with a default,
 * leaves the names of earlier results as they are.
 */
export function runKey(
  { plugin, preset, settings }: DistillConfig,
  { preset: _preset, ...given }: DistillOptions,
): string {
  const checksum = checksumOfTree(given).slice(0, SHORT);
  return `${plugin}-${preset}-seed${String(settings['seed'])}-${checksum}`;
}

/**
 * How what a run was made with differs from what it would be made with now. Settings that one of both does not
 * know do not count: a version that did not have them behaved as their defaults do.
 */
export function changedSince(
  { version: _version, ...made }: Readonly<Record<string, unknown>>,
  now: DistillConfig,
): readonly Difference[] {
  return changesOf(made, now);
}
