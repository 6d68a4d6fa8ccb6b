import {
  createTeacherPool,
  distillationSettingsSchema,
  distillGenerator,
  TUNING_STAGES,
  tuneNetwork,
  type DistillationSettings,
  type GeneratorSnapshot,
} from '@ar-distill/core';
import { readSafetensors } from '@ar-distill/checkpoints';
import { createRng, saveModel, type Run } from '@ar-distill/runs';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { loadPresetModels, presetOf, type PresetModels } from './models';
import { writeImageReport } from './image-report';
import { writePreview } from './preview';
import { GENERATOR_FILE, openOrCreateRun, snapshotName } from './run-folders';
import { reportSequences } from './sequence-report';
import type { DistillationOverrides, DistillOptions, RecipeContext, TrainingResult } from './types';

const SAMPLER_BATCH = 256;

/** Settings of `--quick`: shows that every part works, not what it can reach. */
const QUICK: DistillationOverrides = {
  teacherPoolSize: 2560,
  tuning: { headIterations: 10, fullIterations: 60 },
  generatorIterations: 60,
  guidanceUpdates: 1,
  checkpointInterval: 30,
};
const QUICK_SAMPLES = 1000;
const SAMPLES = 10_000;

/** What a run directory says about the distillation in it. */
interface DistillConfig {
  readonly command: 'distill';
  readonly plugin: string;
  readonly preset: string;
  readonly teacher?: string;
  readonly tokenizer?: string;
  readonly stage1?: string;
  readonly samples: number;
  readonly settings: DistillationSettings;
}

/**
 * The whole distillation: teacher sequences, stage 1 (AR-diffusion tuning), stage 2 (conditional
 * score distillation), the generator's file, the report. Whatever the run directory already holds is
 * not done again.
 */
export async function distill(
  context: RecipeContext,
  options: DistillOptions,
): Promise<TrainingResult & { readonly report?: string }> {
  const { compiler, progress, signal, print } = context;
  const run = await openOrCreateRun(
    options,
    options.name ?? context.presetName,
    newConfig(context, options),
  );
  try {
    const config = run.config as DistillConfig;
    checkResumed(context, config, run);
    print(`Run directory: ${run.path}`);
    const { settings } = config;
    const rng = createRng(settings.seed);
    const environment = { run, progress, signal };
    const models = await loadPresetModels(context, config);
    const { teacher, teacherWeights, network } = models;

    const poolStarted = performance.now();
    const pool = await createTeacherPool(
      { teacher, teacherWeights, size: settings.teacherPoolSize, batchSize: SAMPLER_BATCH },
      compiler,
      rng,
      environment,
    );
    const poolSeconds = (performance.now() - poolStarted) / 1000;

    if (config.stage1) await reuseStage1(config.stage1, run);
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
    const subject = { context, models, pool, tuned, result, run, rng, settings, poolSeconds };
    const report = models.tokenizer
      ? await writeImageReport({ ...subject, tokenizer: models.tokenizer, samples: config.samples })
      : await reportSequences(subject);
    return { run: run.path, weights, ...(report ? { report } : {}) };
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
  return {
    command: 'distill',
    plugin: plugin.name,
    preset: presetName,
    ...(options.teacher ? { teacher: path.resolve(options.teacher) } : {}),
    ...(options.tokenizer ? { tokenizer: path.resolve(options.tokenizer) } : {}),
    ...(options.stage1 ? { stage1: path.resolve(options.stage1) } : {}),
    samples: options.samples ?? (options.quick ? QUICK_SAMPLES : SAMPLES),
    settings: distillationSettingsSchema.parse(merge(quick, options.settings ?? {})),
  };
}

function checkResumed(
  { plugin, presetName }: RecipeContext,
  config: DistillConfig,
  run: Run,
): void {
  if (config.command !== 'distill') {
    throw new Error(`"${run.path}" is no distillation: resume it with its own command.`);
  }
  if (config.plugin !== plugin.name || config.preset !== presetName) {
    throw new Error(
      `"${run.path}" distils the preset "${config.plugin}:${config.preset}": resume it with --preset ${config.plugin}:${config.preset}.`,
    );
  }
}

/** Copies the tuned weights of another run, so that stage 1 counts as done. */
async function reuseStage1(from: string, run: Run): Promise<void> {
  if (await run.loadArrays(TUNING_STAGES.full)) return;
  const file = path.join(from, 'arrays', `${TUNING_STAGES.full}.safetensors`);
  if (!existsSync(file)) {
    throw new Error(
      `"${from}" holds no tuned weights: name a run directory whose stage 1 is finished with --stage1.`,
    );
  }
  const { tensors } = await readSafetensors(file);
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
