import {
  createTeacherPool,
  distillationSettingsSchema,
  distillGenerator,
  tuneNetwork,
  type DistillationSettings,
  type GeneratorSnapshot,
  type Rng,
} from '@ar-distill/core';
import { isMnistShape } from '@ar-distill/metrics';
import { createRng, saveModel, type Run } from '@ar-distill/runs';
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
import { GENERATOR_FILE, openOrCreateRun, snapshotName } from './run-folders';
import { DISTILLATION, readRun, type ConfigOf } from './run-kinds';
import { reportSequences } from './sequence-report';
import { checkStage1, hasStage1, reuseStage1 } from './stage1';
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

type DistillConfig = ConfigOf<typeof DISTILLATION>;

/**
 * The whole distillation: adaptation of a teacher that needs it (stage 0), teacher sequences, stage 1
 * (AR-diffusion tuning), stage 2 (conditional score distillation), the generator's file, the report.
 * Whatever the run directory already holds is not done again.
 */
export async function distill(
  context: RecipeContext,
  options: DistillOptions,
): Promise<TrainingResult & { readonly report?: string }> {
  const { compiler, progress, signal, print } = context;
  const { resume } = options;
  const planned = resume
    ? readRun(DISTILLATION, context, resume, '--resume')
    : newConfig(context, options);
  // Before a run directory is made, or the one to resume is touched.
  if (planned.stage1 && !(resume && hasStage1(resume))) {
    await checkStage1(context, planned.stage1, planned);
  }
  const run = await openOrCreateRun(
    DISTILLATION,
    context,
    options,
    options.name ?? context.presetName,
    planned,
  );
  try {
    const { config } = run;
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
  } finally {
    await run.close();
  }
}

function newConfig(context: RecipeContext, options: DistillOptions): DistillConfig {
  const { plugin, presetName } = context;
  const preset = presetOf(context);
  const quick = options.quick ? QUICK : {};
  const merge = (...layers: DistillationOverrides[]): unknown => ({
    ...Object.assign({}, preset.distillation, ...layers),
    tuning: Object.assign({}, preset.distillation.tuning, ...layers.map(({ tuning }) => tuning)),
  });
  const settings = distillationSettingsSchema.parse(merge(quick, options.settings ?? {}));
  return {
    command: 'distill',
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
