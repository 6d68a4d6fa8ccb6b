import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { DistillationMethod } from '@ar-distill/core';
import type { HostTensors } from '@ar-distill/program';
import { arraysFile, PoolFolder } from '@ar-distill/runs';
import { neededAdaptation } from '../adapt/adapt-models';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import type { PresetModels } from '../models/preset-models';
import type { ConfigOf, DISTILLATION } from '../runs/run-kinds';
import { checkFolderToWrite } from '../settings/check-option';
import { checksumOfTree } from '../settings/checksum-of-tree';
import { planOf } from './method-plan';
import { reusesPool } from './stage1-pool';

type DistillConfig = ConfigOf<typeof DISTILLATION>;

/** To be raised when a teacher that draws as before gives other sequences. */
const VERSION = 1;

/** A distillation whose sequences of the teacher may be kept in a cache. */
export interface CachedDistillation {
  readonly method: DistillationMethod;
  readonly config: DistillConfig;
  /** As they draw the pool; before a teacher was adapted they do not. */
  readonly models: Pick<PresetModels, 'architecture' | 'sampling' | 'teacherWeights'>;
}

/** A run to go on with, and what it held. */
export interface ResumedRun {
  readonly folder: string;
  readonly made: DistillConfig | undefined;
}

/**
 * Checks the cache of a distillation, before there is a run.
 * @throws InvalidOptionError when it would not be used, or is no folder to write to; Error naming a file of
 *   it that is damaged.
 */
export async function checkPoolCache(
  context: PresetContext,
  distillation: CachedDistillation,
  resumed?: ResumedRun,
): Promise<void> {
  const { method, config, models } = distillation;
  const { poolCache, stage1 } = config;
  if (poolCache === undefined) return;
  const { pool } = planOf(method, config.settings);
  if (!pool) throw unused(`The method "${method.name}" keeps no sequences of its teacher`);
  if (resumed && existsSync(arraysFile(resumed.folder, pool.arrays))) {
    if (resumed.made?.poolCache === poolCache) return;
    throw unused(`The run "${resumed.folder}" has its teacher's sequences already`);
  }
  if (!resumed && stage1 && reusesPool(context, method, stage1.path, config)) {
    throw unused(`The teacher's sequences of "${stage1.path}" are used again`);
  }
  checkFolderToWrite(poolCache);
  if (!neededAdaptation(context, models)) await openPoolCache(context, distillation)?.check();
}

/** The folder of the sequences that these models draw; undefined without a cache. */
export function openPoolCache(
  { found, progress, signal }: PresetContext,
  { method, config, models }: CachedDistillation,
): PoolFolder | undefined {
  const { poolCache, settings } = config;
  const { pool } = planOf(method, settings);
  if (poolCache === undefined || !pool) return undefined;
  // Sequence i depends on its number, not on how many there are.
  const dependsOn = pool.dependsOn.filter((name) => name !== pool.setting);
  const key = checksumOfTree({
    version: VERSION,
    backbone: found.backbone.name,
    architecture: models.architecture,
    teacherSampling: models.sampling,
    teacherWeights: checksumOfWeights(models.teacherWeights),
    settings: Object.fromEntries(dependsOn.map((name) => [name, settings[name]])),
  });
  const onWait = (sentence: string): void => progress.message(sentence);
  return new PoolFolder(path.join(poolCache, key), { signal, onWait });
}

/** Of what the weights hold, wherever they come from: an adapted teacher has no file of its own. */
function checksumOfWeights(weights: Readonly<HostTensors>): string {
  const hash = createHash('sha256');
  for (const name of Object.keys(weights).sort()) {
    const { data, dtype, shape } = weights[name]!;
    hash.update(JSON.stringify([name, dtype, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

function unused(reason: string): InvalidOptionError {
  return new InvalidOptionError(`${reason}: leave "poolCache" out.`, { options: ['poolCache'] });
}
