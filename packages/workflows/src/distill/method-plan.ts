import type { DistillationMethod, MethodPlan } from '@ar-distill/core';
import { neededAdaptation } from '../adapt/adapt-models';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { createGenerator, type PresetModels } from '../models/preset-models';
import { seedOf } from './seed';

/** @throws InvalidOptionError when the settings do not fit together. */
export function planOf(method: DistillationMethod, settings: unknown): MethodPlan {
  return asOption(() => method.plan?.(method.settingsSchema.parse(settings)) ?? {});
}

/**
 * Plans the method on what it will work on, so that settings that do not fit together are refused before
 * there is a run directory; nothing of it runs.
 */
export function startOnce(
  context: PresetContext,
  method: DistillationMethod,
  models: PresetModels,
  settings: unknown,
): void {
  const { backbone } = context.found;
  const adaptation = neededAdaptation(context, models);
  const { teacherWeights } = models;
  const architecture = adaptation?.adaptedArchitecture(models.architecture) ?? models.architecture;
  const { teacher, network, generator } = adaptation
    ? {
        teacher: backbone.createTeacher(architecture, models.sampling),
        network: backbone.createNetwork(architecture),
        generator: createGenerator(backbone, architecture),
      }
    : models;
  const services = { compiler: context.compiler, rng: context.createRng(seedOf(settings)) };
  asOption(() => {
    const parsed = method.settingsSchema.parse(settings);
    method.start({ teacher, teacherWeights, network, generator, settings: parsed }, services);
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
