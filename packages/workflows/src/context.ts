import type { ProgressReporter, ProgressUpdate } from '@ar-distill/core';
import {
  PROGRESS,
  RNG_FACTORY,
  STEP_COMPILER,
  type FoundPreset,
  type ServiceContainer,
} from '@ar-distill/di';
import type { Rng, StepCompiler } from '@ar-distill/program';
import { z } from 'zod';
import { InvalidOptionError } from './errors';
import type { WorkflowEvent, WorkflowOptions } from './events';
import { checkSeed } from './settings/check-option';
import { explainIssue } from './settings/explain-issue';
import { isTree, mergeTrees, type Tree } from './settings/merge';
import { knownKeys } from './settings/schema-at';

/** What every part of a workflow works with. */
export interface WorkflowContext {
  readonly container: ServiceContainer;
  /** The engine behind it is started when it is first used. */
  readonly compiler: StepCompiler;
  readonly progress: ProgressReporter;
  readonly signal: AbortSignal;
  /** @throws InvalidOptionError when the seed is none. */
  createRng(seed: number): Rng;
  emit(event: WorkflowEvent): void;
}

/** The same for work on a preset. */
export interface PresetContext extends WorkflowContext {
  readonly found: FoundPreset;
  /** Keys of the architecture that are what they are here, whatever the preset and files say. */
  readonly architecture?: Tree | undefined;
  /** Left out where nobody asked for one. */
  readonly guidance?: AskedGuidance | undefined;
}

/** A guidance scale that was asked for. */
export interface AskedGuidance {
  readonly scale: number;
  /** Whether no teacher draws or is scored with it: a generator that takes none is refused. */
  readonly ofGeneratorAlone: boolean;
}

/** Takes the services of a workflow from the container; progress is an event as well. */
export function openContext(
  container: ServiceContainer,
  { signal, onEvent }: WorkflowOptions = {},
): WorkflowContext {
  const emit = (event: WorkflowEvent): void => onEvent?.(event);
  const shown = container.resolve(PROGRESS);
  const createRng = container.resolve(RNG_FACTORY);
  return {
    container,
    compiler: {
      createStore: (values) => container.resolve(STEP_COMPILER).createStore(values),
      compile: (program, store) => container.resolve(STEP_COMPILER).compile(program, store),
    },
    progress: {
      update: (update: ProgressUpdate) => {
        shown.update(update);
        emit({ kind: 'progress', ...update });
      },
      message: (text) => {
        shown.message(text);
        emit({ kind: 'message', text });
      },
    },
    signal: signal ?? new AbortController().signal,
    createRng: (seed) => {
      checkSeed(seed);
      return createRng(seed);
    },
    emit,
  };
}

/**
 * The context for work on `found`.
 * @param architecture keys of the architecture that are to be others than the preset's.
 * @throws Error naming the key when the preset's architecture is none of its backbone, InvalidOptionError
 *   when it is none with these keys.
 */
export function onPreset(
  context: WorkflowContext,
  found: FoundPreset,
  architecture?: Tree,
): PresetContext {
  const { name, plugin, backbone, preset } = found;
  const parsed = backbone.architectureSchema.safeParse(preset.architecture);
  if (!parsed.success) {
    const source = ` of the architecture in the preset "${name}" of the plugin "${plugin}"`;
    throw new Error(explainIssue(parsed.error, { source, value: preset.architecture }));
  }
  // A preset in another plugin than its backbone cannot fill in the defaults of the backbone's schema.
  const complete = { ...found, preset: { ...preset, architecture: parsed.data } };
  if (architecture === undefined) return { ...context, found: complete };
  const schema = z.object({ architecture: backbone.architectureSchema });
  const merged = isTree(parsed.data) ? parsed.data : {};
  const value = { architecture: mergeTrees(merged, architecture) };
  const changed = schema.safeParse(value);
  if (changed.success) return { ...context, found: complete, architecture };
  throw new InvalidOptionError(
    explainIssue(changed.error, {
      source: ` of the backbone "${backbone.name}"`,
      name: (place) => `The setting "${place.map(String).join('.')}"`,
      knownKeys: (place) => knownKeys(schema, place),
      value,
    }),
  );
}
