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
import { loggedContext, openOrCreateRun } from './run-folders';
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
  const task = plugin.createTokenizerTask(preset.architecture);
  const images = await trainingImages();
  const trained = await trainOnImages(context, {
    name: 'tokenizer',
    task,
    settings: preset.training.tokenizer,
    options,
    subject: { plugin: plugin.name, preset: presetName },
    batch: (indices) => ({ images: images.batch(indices) }),
    count: images.count,
  });
  const architecture = plugin.fitTokenizer
    ? plugin.fitTokenizer(preset.architecture, trained.weights)
    : preset.architecture;
  const tokenizer = plugin.createTokenizer!(architecture);
  const weights = pickParameters('tokenizer', tokenizer.parameterSpecs, [trained.weights]);
  const measured = await measureTokenizer(context, tokenizer, weights);
  return saveTrained(context, trained, {
    kind: 'tokenizer',
    plugin: plugin.name,
    preset: presetName,
    architecture,
    tensors: weights,
    measured,
  });
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
  const { architecture, ...tokenizer } = await loadTokenizer(context, options.tokenizer);
  const sequences = await labelledTokens(context, tokenizer);
  const trained = await trainOnImages(context, {
    name: 'teacher',
    task: plugin.createTeacherTask(architecture),
    settings: preset.training.teacher,
    options,
    subject: { plugin: plugin.name, preset: presetName },
    initial: tokenizer.weights,
    batch: (indices) => tokenBatch(sequences, indices),
    count: sequences.labels.data.length,
  });
  return saveTrained(context, trained, {
    kind: 'teacher',
    plugin: plugin.name,
    preset: presetName,
    architecture,
    tensors: trained.weights,
    measured: {},
  });
}

/** Trains the classifier whose features FID-MNIST is measured in; writes the test set's statistics. */
export async function trainClassifier(
  context: BaseRecipeContext,
  options: SupervisedOptions,
): Promise<TrainingResult> {
  const task = new ClassifierTask();
  const images = await trainingImages();
  const trained = await trainOnImages(context, {
    name: 'classifier',
    task,
    settings: CLASSIFIER_SETTINGS,
    options,
    subject: {},
    batch: (indices) => ({ images: images.batch(indices), labels: images.labels(indices) }),
    count: images.count,
  });
  const measured = await measureClassifier(
    context,
    trained.weights,
    path.join(trained.run, 'test-statistics.safetensors'),
  );
  return saveTrained(context, trained, {
    kind: 'classifier',
    plugin: 'metrics',
    preset: 'mnist',
    architecture: task.architecture,
    tensors: trained.weights,
    measured,
  });
}

interface ImageTraining {
  readonly name: string;
  readonly task: SupervisedTask;
  readonly settings: SupervisedSettings;
  readonly options: SupervisedOptions;
  /** What the run trains, for its config. */
  readonly subject: Readonly<Record<string, string>>;
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

async function trainOnImages(caller: BaseRecipeContext, training: ImageTraining): Promise<Trained> {
  const { name, options, count } = training;
  const run = await openOrCreateRun(
    options,
    [name, training.subject['preset']].filter(Boolean).join('-'),
    {
      command: `train ${name}`,
      ...training.subject,
      settings: supervisedSettingsSchema.parse({
        ...training.settings,
        ...options.settings,
        ...(options.seed === undefined ? {} : { seed: options.seed }),
        ...(options.iterations === undefined ? {} : { iterations: options.iterations }),
        ...(options.batchSize === undefined ? {} : { batchSize: options.batchSize }),
      }),
    },
  );
  const { compiler, progress, signal, print } = loggedContext(caller, run);
  try {
    // A resumed run keeps the settings that it was started with.
    const settings = supervisedSettingsSchema.parse((run.config as { settings: unknown }).settings);
    print(`Run directory: ${run.path}`);
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
      compiler,
      rng,
      { run, progress, signal },
    );
    return { run: run.path, weights, settings, seconds };
  } catch (error) {
    run.log.failed(error);
    throw error;
  } finally {
    await run.close();
  }
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
