import {
  supervisedSettingsSchema,
  tokenBatch,
  trainSupervised,
  type SupervisedSettings,
  type SupervisedTask,
} from '@ar-distill/core';
import { loadMnist, ShuffledBatches, toImages, toLabels } from '@ar-distill/datasets';
import { ClassifierTask } from '@ar-distill/metrics';
import { float32, int32, type HostTensor, type HostTensors } from '@ar-distill/nn';
import { createRng, saveModel } from '@ar-distill/runs';
import path from 'node:path';
import { measureClassifier, measureTokenizer } from './measure-training';
import { labelledTokens } from './labelled-tokens';
import { loadTokenizer, pickParameters, presetOf } from './models';
import { openOrCreateRun } from './run-folders';
import {
  CLASSIFIER_TRAINING,
  readRun,
  TEACHER_TRAINING,
  TOKENIZER_TRAINING,
  type RunKind,
  type RunSubject,
} from './run-kinds';
import type {
  BaseRecipeContext,
  RecipeContext,
  SupervisedOptions,
  TeacherOptions,
  TrainingResult,
} from './types';

/** The classifier behind FID-MNIST, fixed before anything is tuned with it. */
const CLASSIFIER_SETTINGS = supervisedSettingsSchema.parse({
  iterations: 2000,
  batchSize: 128,
  learningRate: 2e-3,
  weightDecay: 0.01,
  emaDecay: 0.999,
});

/** Trains the preset's tokenizer on MNIST and measures its reconstructions of the test set. */
export async function trainTokenizer(
  context: RecipeContext,
  options: SupervisedOptions,
): Promise<TrainingResult> {
  const { plugin, presetName } = context;
  const preset = presetOf(context);
  if (!preset.training || !plugin.createTokenizerTask) {
    throw new Error(`The preset "${presetName}" has no tokenizer to train here.`);
  }
  if (options.resume) readRun(TOKENIZER_TRAINING, context, options.resume, '--resume');
  const task = plugin.createTokenizerTask(preset.architecture);
  const images = await trainingImages();
  const settings = newSettings(preset.training.tokenizer, options);
  return trainOnImages(
    context,
    {
      kind: TOKENIZER_TRAINING,
      config: { command: 'train tokenizer', ...subjectOf(context), settings },
      name: 'tokenizer',
      task,
      options,
      subject: context,
      batch: (indices) => ({ images: images.batch(indices) }),
      count: images.count,
    },
    async (trained) => {
      const architecture = plugin.fitTokenizer
        ? plugin.fitTokenizer(preset.architecture, trained.weights)
        : preset.architecture;
      const tokenizer = plugin.createTokenizer!(architecture);
      const weights = pickParameters('tokenizer', tokenizer.parameterSpecs, [trained.weights]);
      const measured = await measureTokenizer(context, tokenizer, weights);
      return saveTrained(context, trained, {
        kind: 'tokenizer',
        ...subjectOf(context),
        architecture,
        tensors: weights,
        measured,
      });
    },
  );
}

/** Trains the preset's teacher on the tokens of MNIST. */
export async function trainTeacher(
  context: RecipeContext,
  options: TeacherOptions,
): Promise<TrainingResult> {
  const { plugin, presetName } = context;
  const preset = presetOf(context);
  if (!preset.training || !plugin.createTeacherTask) {
    throw new Error(`The preset "${presetName}" has no teacher to train here.`);
  }
  const tokenizerFile = options.resume
    ? tokenizerOfRun(context, options.resume, options.tokenizer)
    : options.tokenizer;
  const { architecture, ...tokenizer } = await loadTokenizer(context, tokenizerFile);
  const sequences = await labelledTokens(context, tokenizer);
  const settings = newSettings(preset.training.teacher, options);
  return trainOnImages(
    context,
    {
      kind: TEACHER_TRAINING,
      config: {
        command: 'train teacher',
        ...subjectOf(context),
        ...(tokenizerFile ? { tokenizer: path.resolve(tokenizerFile) } : {}),
        settings,
      },
      name: 'teacher',
      task: plugin.createTeacherTask(architecture),
      options,
      subject: context,
      initial: tokenizer.weights,
      batch: (indices) => tokenBatch(sequences, indices),
      count: sequences.labels.data.length,
    },
    (trained) =>
      saveTrained(context, trained, {
        kind: 'teacher',
        ...subjectOf(context),
        architecture,
        tensors: trained.weights,
        measured: {},
      }),
  );
}

/** The tokenizer that a run was started with; another would give its teacher other tokens. */
function tokenizerOfRun(
  context: RecipeContext,
  run: string,
  given: string | undefined,
): string | undefined {
  const { tokenizer } = readRun(TEACHER_TRAINING, context, run, '--resume');
  if (given === undefined || path.resolve(given) === tokenizer) return tokenizer;
  throw new Error(
    `"${run}" was started with ${tokenizer ? `the tokenizer "${tokenizer}"` : 'the tokenizer that ships'}: resume it without --tokenizer.`,
  );
}

/** Trains the classifier whose features FID-MNIST is measured in; writes the test set's statistics. */
export async function trainClassifier(
  context: BaseRecipeContext,
  options: SupervisedOptions,
): Promise<TrainingResult> {
  if (options.resume) readRun(CLASSIFIER_TRAINING, {}, options.resume, '--resume');
  const task = new ClassifierTask();
  const images = await trainingImages();
  const settings = newSettings(CLASSIFIER_SETTINGS, options);
  return trainOnImages(
    context,
    {
      kind: CLASSIFIER_TRAINING,
      config: { command: 'train classifier', settings },
      name: 'classifier',
      task,
      options,
      subject: {},
      batch: (indices) => ({ images: images.batch(indices), labels: images.labels(indices) }),
      count: images.count,
    },
    async (trained) => {
      const statistics = path.join(trained.run, 'test-statistics.safetensors');
      const measured = await measureClassifier(context, trained.weights, statistics);
      return saveTrained(context, trained, {
        kind: 'classifier',
        plugin: 'metrics',
        preset: 'mnist',
        architecture: task.architecture,
        tensors: trained.weights,
        measured,
      });
    },
  );
}

/** What the config of every training says. */
interface TrainingConfig {
  readonly settings: SupervisedSettings;
}

interface ImageTraining<Config extends TrainingConfig> {
  readonly kind: RunKind<Config>;
  /** Of a new run. */
  readonly config: Config;
  readonly name: string;
  readonly task: SupervisedTask;
  readonly options: SupervisedOptions;
  readonly subject: RunSubject;
  readonly initial?: HostTensors;
  /** Arrays of a batch, from numbers of training samples. */
  batch(indices: Int32Array): HostTensors;
  readonly count: number;
}

interface Trained {
  readonly run: string;
  readonly weights: HostTensors;
  readonly settings: SupervisedSettings;
  readonly seconds: number;
}

/** Trains; `finish` measures and saves while the run is still open. */
async function trainOnImages<Config extends TrainingConfig>(
  context: BaseRecipeContext,
  training: ImageTraining<Config>,
  finish: (trained: Trained) => Promise<TrainingResult>,
): Promise<TrainingResult> {
  const { kind, name, options, count } = training;
  const { plugin, presetName } = training.subject;
  const { progress, signal } = context;
  const run = await openOrCreateRun(
    kind,
    { progress, signal, ...(plugin ? { plugin } : {}), ...(presetName ? { presetName } : {}) },
    options,
    [name, presetName].filter(Boolean).join('-'),
    training.config,
  );
  try {
    // A resumed run keeps the settings that it was started with.
    const { settings } = run.config;
    context.print(`Run directory: ${run.path}`);
    const rng = createRng(settings.seed);
    const batches = new ShuffledBatches(rng, count, settings.batchSize);
    const { weights, seconds } = await trainSupervised(
      {
        name,
        task: training.task,
        settings,
        ...(training.initial ? { initial: training.initial } : {}),
        batch: (iteration) => training.batch(batches.indices(iteration)),
      },
      context.compiler,
      rng,
      { run, progress, signal },
    );
    return await finish({ run: run.path, weights, settings, seconds });
  } finally {
    await run.close();
  }
}

/** Settings of a new run: the preset's with the options on top. */
function newSettings(
  preset: SupervisedSettings,
  { settings, seed, iterations, batchSize }: SupervisedOptions,
): SupervisedSettings {
  return supervisedSettingsSchema.parse({
    ...preset,
    ...settings,
    ...(seed === undefined ? {} : { seed }),
    ...(iterations === undefined ? {} : { iterations }),
    ...(batchSize === undefined ? {} : { batchSize }),
  });
}

function subjectOf({ plugin, presetName }: RecipeContext) {
  return { plugin: plugin.name, preset: presetName };
}

interface TrainedModel {
  readonly kind: 'tokenizer' | 'teacher' | 'classifier';
  readonly plugin: string;
  readonly preset: string;
  readonly architecture: unknown;
  readonly tensors: HostTensors;
  /** Results on the test set, kept in the file. */
  readonly measured: Readonly<Record<string, number>>;
}

async function saveTrained(
  { print }: BaseRecipeContext,
  { run, settings, seconds }: Trained,
  { measured, ...model }: TrainedModel,
): Promise<TrainingResult> {
  const weights = path.join(run, `${model.kind}.safetensors`);
  await saveModel(
    weights,
    {
      ...model,
      provenance: {
        seed: settings.seed,
        iterations: settings.iterations,
        batchSize: settings.batchSize,
        learningRate: settings.learningRate,
        trainingSeconds: Math.round(seconds),
        ...measured,
      },
    },
    // The classifier's features define a metric: they stay as they were trained.
    { halfPrecision: model.kind !== 'classifier' },
  );
  print(`Trained in ${seconds.toFixed(0)} s: ${weights}`);
  for (const [name, value] of Object.entries(measured)) print(`  ${name}: ${value.toPrecision(4)}`);
  return { run, weights };
}

/** MNIST's training images as batches. */
async function trainingImages() {
  const set = await loadMnist({ split: 'train' });
  return {
    set,
    count: set.count,
    batch: (indices: Int32Array): HostTensor => {
      const { shape, data } = toImages(set, indices);
      return float32(shape, data);
    },
    labels: (indices: Int32Array): HostTensor => int32([indices.length], toLabels(set, indices)),
  };
}
