import path from 'node:path';
import {
  supervisedSettingsSchema,
  trainSupervised,
  type SupervisedSettings,
  type SupervisedTask,
} from '@ar-distill/core/optimization';
import type { HostTensors, Rng } from '@ar-distill/program';
import { saveModel, type ModelKind } from '@ar-distill/runs';
import type { WorkflowContext } from '../context';
import { refuseOtherPlace, resumedSettings } from '../runs/resumed-settings';
import { readRun, type NetworkFiles, type RunKind, type RunSubject } from '../runs/run-kinds';
import { workInRun, type RunChoice, type RunPlan } from '../runs/work-in-run';
import { checkBatches } from '../settings/check-batches';
import { mergeTrees, type Tree } from '../settings/merge';
import { resolveSettings } from '../settings/resolve-settings';

/** Options of the supervised trainings. */
export interface SupervisedOptions extends RunChoice {
  readonly seed?: number | undefined;
  readonly iterations?: number | undefined;
  readonly batchSize?: number | undefined;
  /** Overrides of the settings. */
  readonly settings?: Tree | undefined;
}

/** Where a training left its results. */
export interface TrainingResult {
  /** Run directory. */
  readonly run: string;
  /** Weights file. */
  readonly weights: string;
  /** `plugin:preset` that it is a network of; features are of none. */
  readonly preset?: string;
  /** The tokenizer of a teacher, where it is not the one that ships. */
  readonly tokenizer?: string | undefined;
  /** Seconds of training, those before a resume included. */
  readonly seconds: number;
  /** Results on the test set, which the file states as well; empty when nothing was measured. */
  readonly measured: Readonly<Record<string, number>>;
}

/** What the config of every supervised run holds. */
interface SupervisedConfig {
  readonly settings: SupervisedSettings;
}

type Batches = (iteration: number) => HostTensors | Promise<HostTensors>;

/** A training on the samples of a data set. */
export interface SupervisedRun<Config extends SupervisedConfig> {
  readonly kind: RunKind<Config>;
  /** Name in metrics and checkpoints: `teacher`. */
  readonly name: string;
  /** Name of the run directory. */
  readonly slug: string;
  /** The networks that a run to resume goes on with. */
  readonly networks?: NetworkFiles;
  /** The config of a new run with these settings. */
  config(settings: SupervisedSettings): Config;
  readonly task: SupervisedTask;
  readonly settings: SupervisedSettings;
  readonly initial?: Readonly<HostTensors>;
  /** Arrays of the batch of an iteration; what it prepares first is done when all options are checked. */
  batches(rng: Rng, settings: SupervisedSettings): Batches | Promise<Batches>;
}

/** A training that has ended. */
export interface Trained {
  readonly run: string;
  readonly weights: HostTensors;
  readonly settings: SupervisedSettings;
  readonly seconds: number;
}

/**
 * Trains in a run directory, from where it stopped when it is resumed; `finish` measures and saves the
 * result while the run is still held.
 */
export async function trainInRun<Config extends SupervisedConfig>(
  context: WorkflowContext & RunSubject,
  training: SupervisedRun<Config>,
  options: SupervisedOptions,
  finish: (trained: Trained) => Promise<TrainingResult>,
): Promise<TrainingResult> {
  const { kind, name, slug } = training;
  const plan = options.resume
    ? resumedPlan(context, training, options.resume, options)
    : { slug, config: training.config(newSettings(name, training.settings, options)) };
  checkBatch(training.task, plan.config.settings);
  return workInRun(context, kind, options, plan, async (run, { compiler, ...own }) => {
    const { settings } = run.config;
    const rng = own.createRng(settings.seed);
    const { weights, seconds } = await trainSupervised(
      {
        name,
        task: training.task,
        settings,
        ...(training.initial ? { initial: training.initial } : {}),
        batch: await training.batches(rng, settings),
      },
      compiler,
      rng,
      { run, progress: own.progress, signal: own.signal },
    );
    own.emit({ kind: 'trained' });
    return finish({ run: run.path, weights, settings, seconds });
  });
}

/** @throws InvalidOptionError when a batch does not fit into memory. */
function checkBatch(task: SupervisedTask, settings: SupervisedSettings): void {
  for (const { shape } of Object.values(task.batchSpecs(1))) checkBatches({ ...settings }, shape);
}

/** The run's config with what was given now and may change on top. */
function resumedPlan<Config extends SupervisedConfig>(
  context: WorkflowContext & RunSubject,
  { kind, name, slug, networks = {} }: SupervisedRun<Config>,
  folder: string,
  options: SupervisedOptions,
): RunPlan<Config> {
  const made = readRun(kind, context, folder, '--resume');
  refuseOtherPlace(folder, options);
  const settings = resumedSettings(
    {
      folder,
      result: `${name}.safetensors`,
      whose: `training of the ${name}`,
      schema: supervisedSettingsSchema,
      made: made.settings,
      resumable: { learningRate: name, gradientClip: name },
    },
    mergeTrees(options.settings ?? {}, givenSettings(options)),
    (sentence) => context.progress.message(sentence),
  );
  return { slug, config: { ...made, ...networks, settings }, made };
}

function newSettings(
  name: string,
  preset: SupervisedSettings,
  options: SupervisedOptions,
): SupervisedSettings {
  return resolveSettings(
    `training of the ${name}`,
    supervisedSettingsSchema,
    preset,
    options.settings,
    givenSettings(options),
  );
}

/** Settings that have options of their own. */
function givenSettings({ seed, iterations, batchSize }: SupervisedOptions): Tree {
  const given = Object.entries({ seed, iterations, batchSize });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/** What a training made. */
export interface TrainedModel {
  readonly kind: Extract<ModelKind, 'tokenizer' | 'teacher' | 'features'>;
  readonly plugin: string;
  readonly preset: string;
  readonly architecture: unknown;
  readonly tensors: HostTensors;
  readonly measured: Readonly<Record<string, number>>;
}

/** Writes the model with how it came about into the run directory. */
export async function saveTrained(
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
    // Features define a metric: they stay as they were trained.
    { halfPrecision: model.kind !== 'features' },
  );
  return { run, weights, seconds, measured };
}
