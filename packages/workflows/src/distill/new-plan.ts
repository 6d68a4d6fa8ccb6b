import path from 'node:path';
import type { DistillationMethod } from '@ar-distill/core';
import { METHODS } from '@ar-distill/di';
import { adaptationSettings } from '../adapt/adapt-models';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { imagesOfPreset } from '../evaluate/image-evaluator';
import type { ConfigOf, DISTILLATION } from '../runs/run-kinds';
import { RUN_VERSION } from '../runs/run-version';
import { checkCount } from '../settings/check-option';
import type { Tree } from '../settings/merge';
import { namedOption } from '../settings/named-option';
import { resolveSettings } from '../settings/resolve-settings';
import { QUICK_ADAPTATION, QUICK_SAMPLES } from './quick';
import { seedOf } from './seed';

const SAMPLES = 10_000;
/** Sequences that are not images are small. */
const SEQUENCE_SAMPLES = 65_536;

/** Options of `distill` that the config of a run follows from. */
export interface ConfigOptions {
  /** Name of the distillation method; default: the first one that the preset has settings for. */
  readonly method?: string | undefined;
  /** Run directory whose tuned (stage 1) weights are used again. */
  readonly stage1?: string | undefined;
  /**
   * Folder in which the teacher's sequences are kept and found again, also by other runs whose teacher, its
   * sampling and the seed are the same.
   */
  readonly poolCache?: string | undefined;
  /** A run of a minute or two that shows that everything works. */
  readonly quick?: boolean | undefined;
  /** Samples that the report is measured with; default 10,000 images, 65,536 other sequences. */
  readonly samples?: number | undefined;
  /** Overrides of the method's settings. */
  readonly settings?: Tree | undefined;
  /** Overrides of the adaptation's settings, for teachers that need one. */
  readonly adaptation?: Tree | undefined;
}

/** The config of a new run. @throws InvalidOptionError naming the option that is wrong. */
export function newConfig(
  context: PresetContext,
  options: ConfigOptions,
): ConfigOf<typeof DISTILLATION> {
  const { found } = context;
  const { stage1, poolCache, quick } = options;
  const images = imagesOfPreset(found);
  const samples =
    options.samples ?? (images === undefined ? SEQUENCE_SAMPLES : quick ? QUICK_SAMPLES : SAMPLES);
  if (options.adaptation && found.preset.adaptation === undefined) throw noAdaptation(found.name);
  checkCount('The number of samples', samples);
  const method = methodOf(context, options.method ?? Object.keys(found.preset.methods)[0]);
  const settings = resolveSettings(
    `method "${method.name}"`,
    method.settingsSchema,
    presetSettings(context, method.name),
    ...(quick ? [method.quickSettings, found.preset.quick?.[method.name]] : []),
    ...impliedBy(method, options.settings),
    options.settings,
  );
  return {
    version: RUN_VERSION,
    command: 'distill',
    plugin: found.plugin,
    preset: found.name,
    method: method.name,
    ...(stage1 ? { stage1: { path: path.resolve(stage1) } } : {}),
    ...(poolCache === undefined ? {} : { poolCache: path.resolve(poolCache) }),
    samples,
    teacherSampling: { ...found.preset.teacherSampling },
    ...(context.architecture ? { architecture: context.architecture } : {}),
    settings: { ...(settings as Tree) },
    ...(found.preset.adaptation === undefined
      ? {}
      : {
          adaptation: adaptationSettings(
            context,
            quick ? QUICK_ADAPTATION : undefined,
            { seed: seedOf(settings) },
            options.adaptation,
          ),
        }),
  };
}

/** Settings that come with those that are given. */
function impliedBy({ implied = {} }: DistillationMethod, settings: Tree = {}): Tree[] {
  return Object.entries(implied).flatMap(([name, others]) =>
    Object.hasOwn(settings, name) ? [others] : [],
  );
}

/** @throws InvalidOptionError when there is none of the name, or the preset has none. */
export function methodOf(
  { container, found }: PresetContext,
  name: string | undefined,
): DistillationMethod {
  if (name === undefined) {
    throw new InvalidOptionError(
      `The preset "${found.name}" has no settings of any distillation method.`,
    );
  }
  return namedOption('distillation method', container.resolveAll(METHODS), name).value;
}

/** @throws InvalidOptionError when the preset has none. */
export function presetSettings({ found }: PresetContext, method: string): unknown {
  const { methods } = found.preset;
  if (Object.hasOwn(methods, method)) return methods[method];
  throw new InvalidOptionError(
    `The preset "${found.name}" has no settings of the method "${method}": it has those of ${Object.keys(methods).join(', ')}.`,
  );
}

/** That somebody gave settings to a preset that has no use for them. */
export function noAdaptation(preset: string): InvalidOptionError {
  return new InvalidOptionError(
    `The preset "${preset}" has no settings for an adaptation of its teacher: leave them out.`,
  );
}
