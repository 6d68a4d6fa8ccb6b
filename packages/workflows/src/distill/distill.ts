import path from 'node:path';
import type { Distillation, DistillationMethod, GeneratorSnapshot } from '@ar-distill/core';
import { METHODS, type ServiceContainer } from '@ar-distill/di';
import { saveModel, type Run } from '@ar-distill/runs';
import {
  adaptationSettings,
  adaptModels,
  neededAdaptation,
  type Adaptation,
} from '../adapt/adapt-models';
import { openContext, type PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { checkSamples } from '../evaluate/check-samples';
import { imagesOfPreset, whyNotMeasured } from '../evaluate/image-evaluator';
import type { WorkflowOptions } from '../events';
import { loadPresetModels, type ModelFiles, type PresetModels } from '../models/preset-models';
import { presetInFile } from '../models/preset-names';
import { resolvePreset, type PresetChoice } from '../models/resolve-preset';
import { writeReport, type DistillReport } from '../report/write-report';
import { GENERATOR_FILE, snapshotName } from '../runs/run-files';
import { DISTILLATION, readRunToResume, settingsOfRun, type ConfigOf } from '../runs/run-kinds';
import { placedProgress, placedStages, type Surroundings } from '../runs/placed-stages';
import { runStages } from '../runs/run-stages';
import { workInRun, type RunChoice } from '../runs/work-in-run';
import { checkCount } from '../settings/check-option';
import type { Tree } from '../settings/merge';
import { namedOption } from '../settings/named-option';
import { resolveSettings } from '../settings/resolve-settings';
import { writePreview } from './preview';
import { checkStage1, hasStage1, reuseStage1 } from './stage1';

/** Adaptation of `quick` runs: shows that it works, not what it can reach. */
const QUICK_ADAPTATION: Tree = {
  sequences: 2560,
  heldOut: 500,
  regression: { iterations: 500 },
  fineTuning: { iterations: 30 },
};
const QUICK_SAMPLES = 1000;
const SAMPLES = 10_000;
/** Sequences that are not images are small. */
const SEQUENCE_SAMPLES = 65_536;

/** Options of `distill`. */
export interface DistillOptions extends PresetChoice, ModelFiles, RunChoice {
  /** Name of the distillation method; default: the first one that the preset has settings for. */
  readonly method?: string | undefined;
  /** Name in the run directory; default: the preset's. */
  readonly name?: string | undefined;
  /** Run directory whose tuned (stage 1) weights are used again. */
  readonly stage1?: string | undefined;
  /** A run of a minute or two that shows that everything works. */
  readonly quick?: boolean | undefined;
  /** Measure the result and write a report; default true. */
  readonly report?: boolean | undefined;
  /** Samples that the report is measured with; default 10,000 images, 65,536 other sequences. */
  readonly samples?: number | undefined;
  /** Overrides of the method's settings. */
  readonly settings?: Tree | undefined;
  /** Overrides of the adaptation's settings, for teachers that need one. */
  readonly adaptation?: Tree | undefined;
}

/** A distillation that has ended. */
export interface DistillResult {
  /** Run directory. */
  readonly run: string;
  /** The generator's file. */
  readonly weights: string;
  readonly report?: DistillReport;
}

type DistillConfig = ConfigOf<typeof DISTILLATION>;

/**
 * The whole distillation: adaptation of a teacher that needs it (stage 0), the stages of the method,
 * the generator's file, the report. Whatever the run directory already holds is not done again.
 * @throws InvalidOptionError naming the option that is wrong, before a run directory is made.
 */
export async function distill(
  container: ServiceContainer,
  options: DistillOptions,
  workflow: WorkflowOptions = {},
): Promise<DistillResult> {
  const context = await resolvePreset(openContext(container, workflow), options);
  const { resume } = options;
  const planned = resume
    ? readRunToResume(DISTILLATION, context, resume, options)
    : newConfig(context, options);
  const method = methodOf(context, planned.method);
  // Before the run is touched.
  if (resume) settingsOfRun(method.settingsSchema, resume, planned);
  if (planned.stage1 && !(resume && hasStage1(resume))) {
    await checkStage1(context, planned.stage1, planned);
  }
  const given = await loadPresetModels(context, planned);
  if (options.adaptation && !neededAdaptation(context, given)) {
    throw new InvalidOptionError(
      'The teacher reads code vectors already: leave the settings of its adaptation out.',
    );
  }
  sayWhatTheReportLacks(context, options);
  const making = { slug: options.name ?? context.found.name, config: planned };
  return workInRun(context, DISTILLATION, options, making, (run, own) =>
    distillInRun(own, method, given, run, options.report ?? true),
  );
}

async function distillInRun(
  context: PresetContext,
  method: DistillationMethod,
  given: PresetModels,
  run: Run<DistillConfig>,
  withReport: boolean,
): Promise<DistillResult> {
  const { compiler, progress, signal } = context;
  const { config } = run;
  const settings = settingsOfRun(method.settingsSchema, run.path, config);
  const seed = seedOf(config.settings);
  const rng = context.createRng(seed);
  if (config.stage1) await reuseStage1(config.stage1, run);
  const plan = (models: PresetModels): Distillation => {
    const { teacher, teacherWeights, network, generator } = models;
    return method.start(
      { teacher, teacherWeights, network, generator, settings },
      {
        compiler,
        rng,
        onSnapshot: async (snapshot) => {
          await run.saveArrays(snapshotName(snapshot.iteration), snapshot.weights);
          await writePreview(context, models, snapshot, run);
        },
      },
    );
  };
  const reporting = withReport ? [{}] : [];
  // How many stages there will be does not depend on the teacher, which is adapted first.
  const ahead = [...plan(given).stages, ...reporting];
  const adaptation = await adaptIfNeeded(context, config, given, run, ahead);
  const models = adaptation?.adapted ?? given;
  const distillation = plan(models);
  const before = adaptation?.stages ?? 0;
  const stages = placedStages(distillation.stages, { before, after: reporting });
  const seconds = await runStages(stages, { run, progress, signal });
  const outcome = distillation.outcome();
  const weights = await saveGenerator(context, models, config, outcome, run);
  if (!withReport) return { run: run.path, weights };
  const last = before + stages.length + 1;
  const report = await writeReport({
    context: { ...context, progress: placedProgress(progress, { number: last, of: last }) },
    models,
    ...(adaptation ? { adaptation } : {}),
    outcome,
    trainedIn: distillation.stages.at(-1)!.name,
    timings: { ...adaptation?.timings, ...seconds },
    run,
    seed,
    settings: config.settings,
    samples: config.samples,
  });
  return { run: run.path, weights, ...(report ? { report } : {}) };
}

function newConfig(context: PresetContext, options: DistillOptions): DistillConfig {
  const { found } = context;
  const { teacher, tokenizer, stage1, quick } = options;
  const images = imagesOfPreset(found);
  const samples =
    options.samples ?? (images === undefined ? SEQUENCE_SAMPLES : quick ? QUICK_SAMPLES : SAMPLES);
  checkCount('The number of samples', samples);
  if (options.report !== false) checkSamples(context, samples);
  const method = methodOf(context, options.method ?? Object.keys(found.preset.methods)[0]);
  const settings = resolveSettings(
    `method "${method.name}"`,
    method.settingsSchema,
    presetSettings(context, method.name),
    quick ? method.quickSettings : undefined,
    options.settings,
  );
  return {
    command: 'distill',
    plugin: found.plugin,
    preset: found.name,
    method: method.name,
    ...(teacher ? { teacher: path.resolve(teacher) } : {}),
    ...(tokenizer ? { tokenizer: path.resolve(tokenizer) } : {}),
    ...(stage1 ? { stage1: path.resolve(stage1) } : {}),
    samples,
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

function methodOf(
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

function presetSettings({ found }: PresetContext, method: string): unknown {
  const { methods } = found.preset;
  if (Object.hasOwn(methods, method)) return methods[method];
  throw new InvalidOptionError(
    `The preset "${found.name}" has no settings of the method "${method}": it has those of ${Object.keys(methods).join(', ')}.`,
  );
}

/** Every method draws from one seed; 0 where its settings have none. */
function seedOf(settings: unknown): number {
  const seed: unknown =
    typeof settings === 'object' && settings !== null ? Reflect.get(settings, 'seed') : undefined;
  return typeof seed === 'number' ? seed : 0;
}

/** Says before anything starts when the report will have pictures only. */
function sayWhatTheReportLacks(context: PresetContext, { report }: DistillOptions): void {
  const images = imagesOfPreset(context.found);
  if (report === false || images === undefined) return;
  const reason = whyNotMeasured(context, images);
  if (reason !== undefined) {
    context.progress.message(`The report will have pictures but no figures: ${reason}`);
  }
}

async function adaptIfNeeded(
  context: PresetContext,
  config: DistillConfig,
  models: PresetModels,
  run: Run,
  after: Surroundings['after'],
): Promise<Adaptation | undefined> {
  if (!neededAdaptation(context, models)) return undefined;
  const seed = seedOf(config.settings);
  const settings = config.adaptation ?? adaptationSettings(context, { seed });
  return adaptModels(context, { models, settings, run, rng: context.createRng(seed), after });
}

async function saveGenerator(
  { found }: PresetContext,
  { architecture }: PresetModels,
  config: DistillConfig,
  { weights, iteration, seconds }: GeneratorSnapshot,
  run: Run,
): Promise<string> {
  const file = path.join(run.path, GENERATOR_FILE);
  await saveModel(
    file,
    {
      kind: 'generator',
      plugin: found.backbone.name,
      preset: presetInFile(found.backbone.name, found),
      architecture,
      tensors: weights,
      provenance: {
        method: config.method,
        seed: seedOf(config.settings),
        generatorIterations: iteration,
        trainingSeconds: Math.round(seconds),
      },
    },
    { halfPrecision: true },
  );
  return file;
}
