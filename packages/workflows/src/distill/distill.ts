import path from 'node:path';
import {
  type DistillationMethod,
  type GeneratorSnapshot,
  type MethodStage,
  type RealSequences,
  type SequenceGenerator,
  takingGuidance,
} from '@ar-distill/core';
import { TUNING_STAGES } from '@ar-distill/core/methods';
import type { ServiceContainer } from '@ar-distill/di';
import { saveModel, type Run } from '@ar-distill/runs';
import {
  adaptationSettings,
  adaptModels,
  checkAdaptationMemory,
  neededAdaptation,
  type Adaptation,
} from '../adapt/adapt-models';
import { openContext, type PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { imagesOfPreset, whyNotMeasured } from '../evaluate/image-evaluator';
import type { TeacherStatistics } from '../evaluate/teacher-samples';
import type { WorkflowOptions } from '../events';
import { decodingProvenance } from '../models/generator-decoding';
import { guidanceProvenance } from '../models/generator-guidance';
import {
  loadPresetModels,
  type ModelFiles,
  type PresetModels,
  type SampledModels,
} from '../models/preset-models';
import { presetInFile } from '../models/preset-names';
import {
  resolvePreset,
  type ArchitectureChoice,
  type PresetChoice,
} from '../models/resolve-preset';
import type { TeacherSamplingChoice } from '../models/teacher-sampling';
import { keepSnapshot } from '../report/curve-snapshots';
import { checkReport } from '../report/report-needs';
import { writeReport, type DistillReport } from '../report/write-report';
import { GENERATOR_FILE } from '../runs/run-files';
import { placedProgress, placedStages, type Surroundings } from '../runs/placed-stages';
import { DISTILLATION, settingsOfRun, type ConfigOf } from '../runs/run-kinds';
import { filesOf, networksOf } from '../runs/run-networks';
import { runStages } from '../runs/run-stages';
import { workInRun, type RunChoice, type RunPlan } from '../runs/work-in-run';
import { writePreview } from './preview';
import { plannedStages, planOf } from './method-plan';
import { type ConfigOptions, methodOf, newConfig, presetSettings } from './new-plan';
import { realSequencesOf } from './real-sequences';
import { checkPoolCache, openPoolCache } from './pool-cache';
import { resumedPlan } from './resumed-plan';
import { seedOf } from './seed';
import { checkStage1, hasStage1, reuseStage1, stage1Of } from './stage1';
import { checkPools, reusePools } from './stage1-pool';

/** Options of `distill`. */
export interface DistillOptions
  extends
    PresetChoice,
    ArchitectureChoice,
    ModelFiles,
    RunChoice,
    TeacherSamplingChoice,
    ConfigOptions {
  /** Name in the run directory; default: the preset's. */
  readonly name?: string | undefined;
  /** Measure the result and write a report; default true. */
  readonly report?: boolean | undefined;
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

/** A distillation that everything is known of and nothing is started of. */
export interface PreparedDistillation {
  readonly context: PresetContext;
  readonly plan: RunPlan<DistillConfig>;
  readonly method: DistillationMethod;
  readonly given: PresetModels;
  /** Those that the method will have. */
  readonly stages: readonly MethodStage[];
  readonly realSequences: RealSequences | undefined;
  /** Of the teacher that is given; a program with many runs may share it, as it may what it reads. */
  readonly teacherStatistics?: TeacherStatistics;
}

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
  return distillPrepared(await prepareDistillation(container, options, workflow), options);
}

/**
 * Does what was prepared with the same options.
 * @param rows names of the rows that the report measures; the usual ones when left out.
 */
export function distillPrepared(
  prepared: PreparedDistillation,
  options: DistillOptions,
  rows?: ReadonlySet<string>,
): Promise<DistillResult> {
  const reporting = (options.report ?? true) ? [{}] : [];
  return workInRun(prepared.context, DISTILLATION, options, prepared.plan, (run, own) =>
    distillInRun(own, prepared, run, reporting, rows),
  );
}

/**
 * Reads what `distill` with these options works on and checks all that it will need.
 * @param load reads the networks; a program with many runs may share what it reads.
 * @throws InvalidOptionError naming the option that is wrong.
 */
export async function prepareDistillation(
  container: ServiceContainer,
  options: DistillOptions,
  workflow: WorkflowOptions,
  load: (context: PresetContext, files: ModelFiles) => Promise<PresetModels> = loadPresetModels,
): Promise<PreparedDistillation> {
  const context = await resolvePreset(openContext(container, workflow), options, {
    teacherDraws: true,
  });
  const { resume } = options;
  const plan = await runPlanOf(context, options);
  const method = methodOf(context, plan.config.method);
  const files = resume ? filesOf(plan.config) : options;
  const planned = planOf(method, plan.config.settings);
  const { stage1 } = plan.config;
  if (stage1 && !(resume && hasStage1(resume))) {
    await checkStage1(context, stage1, files, planned.guidanceRange);
    await checkPools(context, method, stage1.path, plan.config);
  }
  const given = await load(context, files);
  const { adaptation } = plan.config;
  if (neededAdaptation(context, given)) {
    if (adaptation) checkAdaptationMemory(given.teacher, adaptation);
  } else if (options.adaptation) {
    throw new InvalidOptionError(
      'The teacher reads code vectors already: leave the settings of its adaptation out.',
    );
  }
  const resumed = resume === undefined ? undefined : { folder: resume, made: plan.made };
  await checkPoolCache(context, { method, config: plan.config, models: given }, resumed);
  const realSequences = await realSequencesOf(context, given, planned);
  const stages = plannedStages(context, method, given, plan.config.settings, realSequences);
  if (stage1 && !stages.some(({ name }) => name === TUNING_STAGES.full)) {
    throw new InvalidOptionError(
      `The method "${method.name}" tunes no AR-diffusion model whose weights it could use again: leave "stage1" out.`,
      { options: ['stage1'] },
    );
  }
  sayWhatTheReportLacks(context, options);
  if (options.report ?? true) {
    const presetPlan = resume ? undefined : planOf(method, presetSettings(context, method.name));
    const { samples } = plan.config;
    // What is drawn at all scales of a range is not what the teacher draws.
    const reported = planned.guidanceRange ? { ...planned, pool: undefined } : planned;
    await checkReport(context, { models: given, plan: reported, presetPlan, samples });
  }
  const config = {
    ...plan.config,
    ...(resume ? {} : { ...(await networksOf(context, files)), ...(await stage1Of(plan.config)) }),
  };
  return { context, plan: { ...plan, config }, method, given, stages, realSequences };
}

/** The run that the options ask for, or go on with. */
export async function runPlanOf(
  context: PresetContext,
  options: DistillOptions,
): Promise<RunPlan<DistillConfig>> {
  const { resume } = options;
  if (resume) return resumedPlan(context, resume, options);
  return { slug: options.name ?? context.found.name, config: newConfig(context, options) };
}

/** `reporting`: what comes after all stages, as progress counts it. */
async function distillInRun(
  context: PresetContext,
  { method, given, stages: ahead, realSequences, teacherStatistics }: PreparedDistillation,
  run: Run<DistillConfig>,
  reporting: Surroundings['after'],
  rows: ReadonlySet<string> | undefined,
): Promise<DistillResult> {
  const { compiler, progress, signal } = context;
  const { config } = run;
  const settings = settingsOfRun(method.settingsSchema, run.path, config);
  const seed = seedOf(config.settings);
  const rng = context.createRng(seed);
  if (config.stage1 && !hasStage1(run.path)) {
    await reusePools(context, method, config.stage1.path, run);
    await reuseStage1(config.stage1.path, run);
  }
  const adaptation = await adaptIfNeeded(context, config, given, run, [...ahead, ...reporting]);
  const distilled = adaptation?.adapted ?? given;
  const { teacher, teacherWeights, network, generator, flowMapNetwork } = distilled;
  const models: SampledModels = {
    ...distilled,
    generator: trainedGenerator(context, method, config, distilled),
  };
  const poolCache = openPoolCache(context, { method, config, models: distilled });
  const distillation = method.start(
    { teacher, teacherWeights, network, generator, flowMapNetwork, settings },
    {
      compiler,
      rng,
      realSequences,
      poolCache,
      onSnapshot: async (snapshot) => {
        await keepSnapshot(run, snapshot);
        await writePreview(context, models, snapshot, run);
      },
    },
  );
  const before = adaptation?.stages ?? 0;
  const stages = placedStages(distillation.stages, { before, after: reporting });
  const seconds = await runStages(stages, { run, progress, signal });
  const outcome = distillation.outcome();
  const weights = await saveGenerator(context, models, config, outcome, run);
  context.emit({ kind: 'trained' });
  if (reporting.length === 0) return { run: run.path, weights };
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
    rows,
    teacherStatistics,
  });
  return { run: run.path, weights, ...(report ? { report } : {}) };
}

/** What the weights that the method trains belong to. */
function trainedGenerator(
  { found }: PresetContext,
  method: DistillationMethod,
  config: DistillConfig,
  { architecture, sampling, generator }: PresetModels,
): SequenceGenerator {
  const made = method.createGenerator?.(found.backbone, architecture);
  const own: SequenceGenerator = made ?? generator;
  const { guidanceRange: range } = planOf(method, config.settings);
  return range ? takingGuidance(own, { range, scale: sampling.guidanceScale }) : own;
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
  { architecture, generator }: SampledModels,
  config: DistillConfig,
  { weights, iteration, generatorUpdates = iteration, seconds }: GeneratorSnapshot,
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
        generatorIterations: generatorUpdates,
        trainingSeconds: Math.round(seconds),
        ...guidanceProvenance(generator),
        ...decodingProvenance(found.preset),
      },
    },
    { halfPrecision: true },
  );
  return file;
}
