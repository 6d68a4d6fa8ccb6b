import { isModelDirectory } from '@ar-distill/checkpoints';
import { findPreset, type FoundPreset } from '@ar-distill/di';
import { describeModelDirectory, type ModelDescription } from '@ar-distill/runs';
import { onPreset, type PresetContext, type WorkflowContext } from '../context';
import { InvalidOptionError } from '../errors';
import { namedRun } from '../runs/named-run';
import { networksOfRun, presetOfRun } from '../runs/run-kinds';
import type { Tree } from '../settings/merge';
import { type ModelPreset, presetOfModel } from './stand-in-preset';
import {
  describeSampling,
  onSamplingOf,
  type TeacherSamplingChoice,
  withTeacherSampling,
} from './teacher-sampling';

/** How the preset of a workflow is chosen. */
export interface PresetChoice {
  /** Name, or `plugin:name`. */
  readonly preset?: string | undefined;
  /** Taken when neither a name nor a model says which preset it is. */
  readonly defaultPreset?: string | undefined;
}

/** What a workflow changes of the networks. */
export interface ArchitectureChoice {
  /** Keys of their architecture that are to be others than the preset's and the files'. */
  readonly architecture?: Tree | undefined;
}

/** Runs and models that may say which preset they belong to. */
interface NamedModels {
  readonly teacher?: boolean | string | undefined;
  readonly teacherSteps?: number | undefined;
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
 * for the preset whose sizes the model directory of the teacher, the tokenizer or the generator has (or
 * the settings of one of its family, which is said), else for the default. The teacher draws as that of
 * the run does that is drawn from or goes on, unless `choice` says how.
 * @param drawers whether it draws whatever else is chosen, and whether a generator does.
 * @throws InvalidOptionError when nothing says which, no plugin has one of the name, or the teacher cannot
 *   draw as it is told to.
 */
export async function resolvePreset(
  context: WorkflowContext,
  choice: PresetChoice & NamedModels & TeacherSamplingChoice & ArchitectureChoice,
  drawers: { readonly teacherDraws?: boolean; readonly generatorDraws?: boolean } = {},
): Promise<PresetContext> {
  const on = (found: FoundPreset): PresetContext => {
    const folder = choice.resume ?? namedRun(choice, { found }, context.progress.message)?.folder;
    const made = folder === undefined ? {} : networksOfRun(folder);
    const { guidance } = choice;
    const { teacherDraws = false, generatorDraws = false } = drawers;
    const teacher = teacherDraws || Boolean(choice.teacher) || choice.teacherSteps !== undefined;
    const drawing = withTeacherSampling(onSamplingOf(found, made.teacherSampling), choice, {
      teacher,
      generator: generatorDraws,
    });
    const own = onPreset(context, drawing, choice.architecture ?? made.architecture);
    if (guidance === undefined) return own;
    return { ...own, guidance: { scale: guidance, ofGeneratorAlone: !teacher } };
  };
  if (choice.preset !== undefined) return on(namedPreset(context, choice.preset));
  const run = presetOfRuns(choice);
  if (run !== undefined) return on(findPreset(context.container, run));
  const model = await presetOfModels(context, choice);
  if (model) {
    const own = on(model.found);
    if (model.isStandIn) context.progress.message(sayStandIn(model.folder, own.found));
    return own;
  }
  if (choice.defaultPreset !== undefined) return on(namedPreset(context, choice.defaultPreset));
  throw new InvalidOptionError('Nothing says which preset to work on: name one.');
}

function sayStandIn(folder: string, { plugin, name, preset }: FoundPreset): string {
  return `"${folder}" has the sizes of no preset: it is used with the settings of ${plugin}:${name}, whose teacher draws with ${describeSampling(preset.teacherSampling)}.`;
}

/** A name that a user gave is an option like any other. */
function namedPreset(context: WorkflowContext, name: string): FoundPreset {
  try {
    return findPreset(context.container, name);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'PluginError') throw error;
    throw new InvalidOptionError(error.message, { cause: error });
  }
}

function presetOfRuns({ resume, stage1, ...drawn }: NamedModels): string | undefined {
  const run = resume ?? stage1 ?? namedRun(drawn)?.folder;
  return run === undefined ? undefined : presetOfRun(run);
}

/** The first of the model directories that has the sizes of a preset, else the first of them. */
async function presetOfModels(
  { container }: WorkflowContext,
  { teacher, tokenizer, weights }: NamedModels,
): Promise<(ModelPreset & { readonly folder: string }) | undefined> {
  const models: { folder: string; description: ModelDescription }[] = [];
  for (const folder of [teacher, tokenizer, weights]) {
    if (typeof folder !== 'string' || !isModelDirectory(folder)) continue;
    models.push({ folder, description: await describeModelDirectory(folder) });
  }
  const model = models.find(({ description }) => description.preset !== undefined) ?? models[0];
  return (
    model && {
      folder: model.folder,
      ...presetOfModel(container, model.folder, model.description),
    }
  );
}
