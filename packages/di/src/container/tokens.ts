import type { ProgressReporter, Rng, StepCompiler } from '@ar-distill/core';
import type { Engine } from '@ar-distill/engine';
import type { Run } from '@ar-distill/runs';
import type { InstalledPlugin } from '../discovery/load-plugin';
import type { PluginProblem } from '../discovery/plugin-package';
import { createToken } from './typed-container';

/** Makes and opens run directories; a `Run` is core's `RunStore`. */
export interface RunDirectories {
  /** A new numbered directory `root/00003-slug` that holds `config`. */
  create(root: string, slug: string, config: unknown): Promise<Run>;
  /** An existing one. */
  open(path: string): Promise<Run>;
}

/** Every usable plugin, one registration each. */
export const PLUGINS = createToken<InstalledPlugin>('PLUGINS');
/** Every plugin that is installed but broken, one registration each. */
export const PLUGIN_PROBLEMS = createToken<PluginProblem>('PLUGIN_PROBLEMS');
/** The engine; started when it is first asked for. */
export const ENGINE = createToken<Engine>('ENGINE');
/** Core's port to the engine. */
export const STEP_COMPILER = createToken<StepCompiler>('STEP_COMPILER');
/** Counter-based random numbers of a seed. */
export const RNG_FACTORY = createToken<(seed: number) => Rng>('RNG_FACTORY');
export const RUN_DIRECTORIES = createToken<RunDirectories>('RUN_DIRECTORIES');
export const PROGRESS_REPORTER = createToken<ProgressReporter>('PROGRESS_REPORTER');
