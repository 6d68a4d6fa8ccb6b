import {
  ADAPTATION_STAGES,
  createTeacherPool,
  distillationSettingsSchema,
  distillGenerator,
  TUNING_STAGES,
  tuneNetwork,
  type AdaptationSettings,
  type DistillationSettings,
  type GeneratorSnapshot,
  type Rng,
} from '@ar-distill/core';
import { readSafetensors } from '@ar-distill/checkpoints';
import { isMnistShape } from '@ar-distill/metrics';
import { createRng, saveModel, type Run } from '@ar-distill/runs';
import { existsSync } from 'node:fs';
import path from 'node:path';
import {
  adaptationSettings,
  adaptModels,
  describeAdaptation,
  neededAdaptation,
  type Adaptation,
} from './adaptation';
import { loadPresetModels, presetOf, type PresetModels } from './models';
import { sequenceBatch } from './batch-sizes';
import { writeImageReport } from './image-report';
import { writePictureReport } from './picture-report';
import { writePreview } from './preview';
import {
  checkResumed,
  GENERATOR_FILE,
  loggedContext,
  openOrCreateRun,
  snapshotName,
} from './run-folders';
import { reportSequences } from './sequence-report';
import type {
  AdaptationOverrides,
  DistillationOverrides,
  DistillOptions,
  RecipeContext,
  TrainingResult,
} from './types';

const SAMPLER_BATCH = 256;

/** Settings of `--quick`: shows that every part works, not what it can reach. */
const QUICK: DistillationOverrides = {
  teacherPoolSize: 2560,
  tuning: { headIterations: 10, fullIterations: 60 },
  generatorIterations: 60,
  guidanceUpdates: 1,
  checkpointInterval: 30,
};
const QUICK_ADAPTATION: AdaptationOverrides = {
  sequences: 2560,
  heldOut: 500,
  regression: { iterations: 500 },
  fineTuning: { iterations: 30 },
};
const QUICK_SAMPLES = 1000;
const SAMPLES = 10_000;

const COMMAND = 'distill';

/** What a run directory says about the distillation in it. */
interface DistillConfig {
  readonly command: typeof COMMAND;
  readonly plugin: string;
  readonly preset: string;
  readonly teacher?: string;
  readonly tokenizer?: string;
  readonly stage1?: string;
  readonly samples: number;
  readonly settings: DistillationSettings;
  /** Used when the teacher still reads tokens. */
  readonly adaptation?: AdaptationSettings;
}

/**
 * The whole distillation: adaptation of a teacher that needs it (stage 0), teacher sequences, stage 1
 * (AR-diffusion tuning), stage 2 (conditional score distillation), the generator's file, the report.
 * Whatever the run directory already holds is not done again.
 */
export async function distill(
  caller: RecipeContext,
  options: DistillOptions,
): Promise<TrainingResult & { readonly report?: string }> {
  const run = await openOrCreateRun(
    options,
    options.name ?? caller.presetName,
    newConfig(caller, options),
  );
  const context = loggedContext(caller, run);
  const { compiler, progress, signal, print } = context;
  try {
    checkResumed(context, run, COMMAND);
    const config = run.config as DistillConfig;
    print(`Run directory: ${run.path}`);
    const { settings } = config;
    const rng = createRng(settings.seed);
    const environment = { run, progress, signal };
    if (config.stage1) await reuseStage1(config.stage1, run);
    const given = await loadPresetModels(context, config);
    const adaptation = await adaptIfNeeded(context, config, given, run, rng);
    const models = adaptation?.adapted ?? given;
    const { teacher, teacherWeights, network } = models;

    const poolStarted = performance.now();
    const pool = await createTeacherPool(
      {
        teacher,
        teacherWeights,
        size: settings.teacherPoolSize,
        batchSize: sequenceBatch(teacher.layout, Math.min(SAMPLER_BATCH, settings.teacherPoolSize)),
      },
      compiler,
      rng,
      environment,
    );
    const poolSeconds = (performance.now() - poolStarted) / 1000;

    const tuned = await tuneNetwork(
      { teacher, teacherWeights, network, pool, settings },
      compiler,
      rng,
      environment,
    );

    const result = await distillGenerator(
      { teacher, teacherWeights, network, initial: tuned, pool, settings },
      compiler,
      rng,
      environment,
      async (snapshot) => {
        await run.saveArrays(snapshotName(snapshot.iteration), snapshot.average);
        await writePreview(context, models, snapshot, run);
      },
    );

    const weights = await saveGenerator(context, models, settings, result, run);
    if (options.report === false) return { run: run.path, weights };
    const subject = { context, models, pool, tuned, result, run, rng, settings };
    const { tokenizer } = models;
    const report = !tokenizer
      ? await reportSequences(subject)
      : isMnistShape(tokenizer.tokenizer.imageShape)
        ? await writeImageReport({
            ...subject,
            ...(adaptation ? { adaptation } : {}),
            tokenizer,
            samples: config.samples,
            poolSeconds,
          })
        : await writePictureReport({ context, models, result, run, seed: settings.seed });
    return { run: run.path, weights, ...(report ? { report } : {}) };
  } catch (error) {
    run.log.failed(error);
    throw error;
  } finally {
    await run.close();
  }
}

function newConfig(
  context: RecipeContext,
  options: DistillOptions,
): DistillConfig & Record<string, unknown> {
  const { plugin, presetName } = context;
  const preset = presetOf(context);
  const quick = options.quick ? QUICK : {};
  const merge = (...layers: DistillationOverrides[]): unknown => ({
    ...Object.assign({}, preset.distillation, ...layers),
    tuning: Object.assign({}, preset.distillation.tuning, ...layers.map(({ tuning }) => tuning)),
  });
  const settings = distillationSettingsSchema.parse(merge(quick, options.settings ?? {}));
  return {
    command: COMMAND,
    plugin: plugin.name,
    preset: presetName,
    ...(options.teacher ? { teacher: path.resolve(options.teacher) } : {}),
    ...(options.tokenizer ? { tokenizer: path.resolve(options.tokenizer) } : {}),
    ...(options.stage1 ? { stage1: path.resolve(options.stage1) } : {}),
    samples: options.samples ?? (options.quick ? QUICK_SAMPLES : SAMPLES),
    settings,
    ...(preset.adaptation
      ? {
          adaptation: adaptationSettings(context, {
            ...(options.quick ? QUICK_ADAPTATION : {}),
            seed: settings.seed,
          }),
        }
      : {}),
  };
}

async function adaptIfNeeded(
  context: RecipeContext,
  config: DistillConfig,
  models: PresetModels,
  run: Run,
  rng: Rng,
): Promise<Adaptation | undefined> {
  const adaptation = neededAdaptation(context, models);
  if (!adaptation) return undefined;
  const settings = config.adaptation ?? adaptationSettings(context, { seed: config.settings.seed });
  const outcome = await adaptModels(context, adaptation, { models, settings, run, rng });
  for (const line of describeAdaptation(outcome)) context.print(line);
  return outcome;
}

/** Copies the tuned weights of another run, and its adapted teacher, so that both count as done. */
async function reuseStage1(from: string, run: Run): Promise<void> {
  if (await run.loadArrays(TUNING_STAGES.full)) return;
  const fileOf = (arrays: string): string => path.join(from, 'arrays', `${arrays}.safetensors`);
  if (!existsSync(fileOf(TUNING_STAGES.full))) {
    throw new Error(
      `"${from}" holds no tuned weights: name a run directory whose stage 1 is finished with --stage1.`,
    );
  }
  for (const stage of Object.values(ADAPTATION_STAGES)) {
    if (!existsSync(fileOf(stage))) continue;
    await run.saveArrays(stage, (await readSafetensors(fileOf(stage))).tensors);
  }
  const { tensors } = await readSafetensors(fileOf(TUNING_STAGES.full));
  await run.saveArrays(TUNING_STAGES.head, tensors);
  await run.saveArrays(TUNING_STAGES.full, tensors);
}

async function saveGenerator(
  { plugin, presetName }: RecipeContext,
  { architecture }: PresetModels,
  settings: DistillationSettings,
  { average, iteration, seconds }: GeneratorSnapshot,
  run: Run,
): Promise<string> {
  const file = path.join(run.path, GENERATOR_FILE);
  await saveModel(
    file,
    {
      kind: 'generator',
      plugin: plugin.name,
      preset: presetName,
      architecture,
      tensors: average,
      provenance: {
        seed: settings.seed,
        generatorIterations: iteration,
        guidanceUpdates: settings.guidanceUpdates,
        trainingSeconds: Math.round(seconds),
      },
    },
    { halfPrecision: true },
  );
  return file;
}
