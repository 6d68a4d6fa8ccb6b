import type {
  Backbone,
  DatasetProvider,
  DistillationMethod,
  FeatureNetworkProvider,
  Metric,
  Preset,
  ProgressReporter,
} from '@ar-distill/core';
import type { Engine, EngineOptions } from '@ar-distill/engine';
import type { ModelExporter, Rng, StepCompiler } from '@ar-distill/program';
import type { createRun, openRun } from '@ar-distill/runs';
import type { InstalledPlugin } from '../discovery/load-plugin';
import type { PluginProblem } from '../discovery/plugin-package';
import { createToken } from './service-container';

/** Something that a plugin, or the application itself, contributes under a name. */
export interface Contribution<T> {
  readonly name: string;
  /** Name of the plugin; undefined for what the application brings. */
  readonly plugin?: string | undefined;
  readonly value: T;
}

/** Makes and opens run directories; a `Run` is core's `RunStore`. */
export interface RunDirectories {
  /** A new numbered directory `root/00003-slug` that holds `config`. */
  readonly create: typeof createRun;
  /** An existing one. */
  readonly open: typeof openRun;
}

/** Something that programs run on. */
export interface EngineBackend {
  /** `onnxruntime`, `tensorflow`, `cpu`, or another one that an application registers. */
  readonly name: string;
  create(options: EngineOptions): Engine;
}

// What plugins contribute, one registration each.
export const BACKBONES = createToken<Contribution<Backbone>>('BACKBONES');
export const PRESETS = createToken<Contribution<Preset>>('PRESETS');
export const DATASETS = createToken<Contribution<DatasetProvider>>('DATASETS');
export const FEATURE_NETWORKS =
  createToken<Contribution<FeatureNetworkProvider>>('FEATURE_NETWORKS');
export const METRICS = createToken<Contribution<Metric>>('METRICS');
export const METHODS = createToken<Contribution<DistillationMethod>>('METHODS');

/** Every usable plugin, one registration each. */
export const PLUGINS = createToken<InstalledPlugin>('PLUGINS');
/** Every plugin that is installed but broken, one registration each. */
export const PLUGIN_PROBLEMS = createToken<PluginProblem>('PLUGIN_PROBLEMS');

/** What programs can run on, one registration each. */
export const ENGINE_BACKENDS = createToken<EngineBackend>('ENGINE_BACKENDS');
/** The engine; started when it is first asked for. */
export const ENGINE = createToken<Engine>('ENGINE');
/** The port to the engine that the method knows. */
export const STEP_COMPILER = createToken<StepCompiler>('STEP_COMPILER');
/** Turns programs into models for other runtimes. */
export const MODEL_EXPORTER = createToken<ModelExporter>('MODEL_EXPORTER');
/** Counter-based random numbers of a seed. */
export const RNG_FACTORY = createToken<(seed: number) => Rng>('RNG_FACTORY');
export const RUN_DIRECTORIES = createToken<RunDirectories>('RUN_DIRECTORIES');
/** Where progress goes; nowhere unless the application registers something. */
export const PROGRESS = createToken<ProgressReporter>('PROGRESS');
