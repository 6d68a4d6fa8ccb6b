import { isModelDirectory } from '@ar-distill/checkpoints';
import { findPreset, type FoundPreset } from '@ar-distill/di';
import { describeModelDirectory } from '@ar-distill/runs';
import { onPreset, type PresetContext, type WorkflowContext } from '../context';
import { InvalidOptionError } from '../errors';
import { namedRun } from '../runs/named-run';
import { presetOfRun } from '../runs/run-kinds';
import { presetOfFile } from './preset-names';

/** How the preset of a workflow is chosen. */
export interface PresetChoice {
  /** Name, or `plugin:name`. */
  readonly preset?: string | undefined;
  /** Taken when neither a name nor a model says which preset it is. */
  readonly defaultPreset?: string | undefined;
}

/** Runs and models that may say which preset they belong to. */
interface NamedModels {
  readonly teacher?: boolean | string | undefined;
  readonly tokenizer?: string | undefined;
  /** Run directory, or `latest`. */
  readonly run?: string | undefined;
  /** Run directory, model directory or file. */
  readonly weights?: string | undefined;
  readonly resume?: string | undefined;
  readonly stage1?: string | undefined;
}

/**
 * The context for the preset that is named; without a name, for that of the run that is given, else
 * for the preset whose sizes the model directory of the teacher, the tokenizer or the generator has,
 * else for the default.
 * @throws InvalidOptionError when nothing says which, or no plugin has one of the name.
 */
export async function resolvePreset(
  context: WorkflowContext,
  choice: PresetChoice & NamedModels,
): Promise<PresetContext> {
  if (choice.preset !== undefined) return onNamed(context, choice.preset);
  const found = presetOfRuns(choice) ?? (await presetOfModels(choice));
  if (found !== undefined) return onPreset(context, findPreset(context.container, found));
  if (choice.defaultPreset !== undefined) return onNamed(context, choice.defaultPreset);
  throw new InvalidOptionError('Nothing says which preset to work on: name one.');
}

/** A name that a user gave is an option like any other. */
function onNamed(context: WorkflowContext, name: string): PresetContext {
  let found: FoundPreset;
  try {
    found = findPreset(context.container, name);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'PluginError') throw error;
    throw new InvalidOptionError(error.message, { cause: error });
  }
  return onPreset(context, found);
}

function presetOfRuns({ resume, stage1, ...drawn }: NamedModels): string | undefined {
  const run = resume ?? stage1 ?? namedRun(drawn)?.folder;
  return run === undefined ? undefined : presetOfRun(run);
}

async function presetOfModels({
  teacher,
  tokenizer,
  weights,
}: NamedModels): Promise<string | undefined> {
  for (const named of [teacher, tokenizer, weights]) {
    if (typeof named !== 'string' || !isModelDirectory(named)) continue;
    const { plugin, preset } = await describeModelDirectory(named);
    if (preset !== undefined) return presetOfFile(plugin, preset);
  }
  return undefined;
}
