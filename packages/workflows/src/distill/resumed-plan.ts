import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { adaptationSettingsSchema, type AdaptationSettings } from '@ar-distill/core/methods';
import { adaptationSettings, RESUMABLE_ADAPTATION } from '../adapt/adapt-models';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import type { ModelFiles } from '../models/preset-models';
import { refuseOtherSampling } from '../models/teacher-sampling';
import { GENERATOR_FILE } from '../runs/run-files';
import { DISTILLATION, readRun, settingsOfRun, type ConfigOf } from '../runs/run-kinds';
import { networksToResume } from '../runs/run-networks';
import { refuseOther, refuseOtherPlace, resumedSettings } from '../runs/resumed-settings';
import type { RunPlan } from '../runs/work-in-run';
import { checkCount } from '../settings/check-option';
import { mergeTrees, type Tree } from '../settings/merge';
import { type ConfigOptions, methodOf, noAdaptation } from './new-plan';
import { QUICK_ADAPTATION, QUICK_SAMPLES } from './quick';
import { seedOf } from './seed';
import { isStage1Of } from './stage1';

type DistillConfig = ConfigOf<typeof DISTILLATION>;

/** Options of `distill` that a run already has values of. */
interface ResumedOptions extends ModelFiles, ConfigOptions {
  readonly out?: string | undefined;
  readonly name?: string | undefined;
}

/**
 * How a run goes on: as it was started, with what was given now and may change on top. Nothing that is
 * given is ignored.
 * @throws InvalidOptionError naming what cannot change any more; Error with a sentence when the folder
 *   is no distillation of this preset, or a network is another one by now.
 */
export async function resumedPlan(
  context: PresetContext,
  folder: string,
  options: ResumedOptions,
): Promise<RunPlan<DistillConfig>> {
  const { progress, found } = context;
  const made = readRun(DISTILLATION, context, folder, '--resume');
  refuseOtherPlace(folder, options);
  refuseOther(folder, 'The method', made.method, options.method);
  refuseOtherSampling(folder, made.teacherSampling, found);
  if (!isDeepStrictEqual(context.architecture, made.architecture)) {
    throw new InvalidOptionError(
      `The networks of the run "${folder}" have another architecture: leave it out, or start a new run with it.`,
    );
  }
  const { stage1, poolCache } = options;
  if (stage1 !== undefined && !(await isStage1Of(stage1, made.stage1))) {
    refuseOther(folder, 'The run of stage 1', made.stage1?.path, stage1);
  }
  const method = methodOf(context, made.method);
  const own = settingsOfRun(method.settingsSchema, folder, made);
  const kept = { folder, result: GENERATOR_FILE };
  const tell = (sentence: string): void => progress.message(sentence);
  const settings = resumedSettings(
    {
      ...kept,
      whose: `method "${method.name}"`,
      schema: method.settingsSchema,
      made: own,
      resumable: method.resumable ?? {},
    },
    layers(
      ...(options.quick ? [method.quickSettings, found.preset.quick?.[method.name]] : []),
      options.settings,
    ),
    tell,
  );
  const adaptation = adaptationOf(context, made, own);
  const adaptationNow = layers(...(options.quick ? [QUICK_ADAPTATION] : []), options.adaptation);
  if (!adaptation && options.adaptation) throw noAdaptation(found.name);
  const samples = options.samples ?? (options.quick ? QUICK_SAMPLES : made.samples);
  checkCount('The number of samples', samples);
  const config = {
    ...made,
    ...(made.stage1 && stage1 !== undefined
      ? { stage1: { ...made.stage1, path: path.resolve(stage1) } }
      : {}),
    ...(poolCache === undefined ? {} : { poolCache: path.resolve(poolCache) }),
    ...(await networksToResume(context, { folder, networks: made }, options)),
    samples,
    settings: { ...(settings as Tree) },
    ...(adaptation
      ? {
          adaptation: resumedSettings(
            {
              ...kept,
              whose: 'adaptation',
              schema: adaptationSettingsSchema,
              made: adaptation,
              resumable: RESUMABLE_ADAPTATION,
            },
            adaptationNow,
            tell,
          ),
        }
      : {}),
  };
  return { slug: found.name, config, made };
}

/** Later ones on top; undefined without any. */
function layers(...trees: readonly (Tree | undefined)[]): Tree | undefined {
  const given = trees.filter((tree) => tree !== undefined);
  return given.length === 0 ? undefined : given.reduce((under, over) => mergeTrees(under, over));
}

/** The run's, else the preset's, which runs of older versions did not write down. */
function adaptationOf(
  context: PresetContext,
  made: DistillConfig,
  settings: unknown,
): AdaptationSettings | undefined {
  if (made.adaptation || context.found.preset.adaptation === undefined) return made.adaptation;
  return adaptationSettings(context, { seed: seedOf(settings) });
}
