import {
  sequenceLength,
  type DistillationMethod,
  type MethodPlan,
  type MethodStage,
  type RealSequences,
} from '@ar-distill/core';
import { neededAdaptation } from '../adapt/adapt-models';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { createNetworks, type PresetModels } from '../models/preset-models';
import { checkBatches } from '../settings/check-batches';
import { checkMemory } from '../settings/check-memory';
import { isTree } from '../settings/merge';
import { seedOf } from './seed';

/** @throws InvalidOptionError when the settings do not fit together. */
export function planOf(method: DistillationMethod, settings: unknown): MethodPlan {
  return asOption(() => method.plan?.(method.settingsSchema.parse(settings)) ?? {});
}

/**
 * Plans the method on what it will work on, so that settings that do not fit together, or ask for more
 * sequences or larger batches than fit into memory, are refused before there is a run directory; nothing
 * of it runs.
 * @returns the stages that it will have.
 * @throws InvalidOptionError naming the setting.
 */
export function plannedStages(
  context: PresetContext,
  method: DistillationMethod,
  models: PresetModels,
  settings: unknown,
  realSequences: RealSequences | undefined,
): readonly MethodStage[] {
  const { backbone } = context.found;
  const adaptation = neededAdaptation(context, models);
  const { teacherWeights } = models;
  const architecture = adaptation?.adaptedArchitecture(models.architecture) ?? models.architecture;
  const { teacher, network, generator, flowMapNetwork } = adaptation
    ? {
        teacher: backbone.createTeacher(architecture, models.sampling),
        ...createNetworks(backbone, architecture),
      }
    : models;
  const { pool, marginals } = planOf(method, settings);
  const held = pool ?? marginals;
  const { layout } = teacher;
  const shape = [sequenceLength(layout), layout.channels];
  if (held) checkMemory(`A "${held.setting}" of ${held.size}`, held.size, shape);
  if (isTree(settings)) checkBatches(settings, shape);
  const rng = context.createRng(seedOf(settings));
  const services = { compiler: context.compiler, rng, realSequences };
  return asOption(() => {
    const parsed = method.settingsSchema.parse(settings);
    const networks = { network, generator, flowMapNetwork };
    const subject = { teacher, teacherWeights, ...networks, settings: parsed };
    return method.start(subject, services).stages;
  });
}

/** A method that refuses its settings refuses what a user gave. */
function asOption<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error));
    throw new InvalidOptionError(message, { cause: error });
  }
}
