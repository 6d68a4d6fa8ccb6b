import type { ServiceContainer } from '@ar-distill/di';
import { openContext } from '../context';
import { prepareDistillation, type DistillOptions } from '../distill/distill';
import { noAdaptation } from '../distill/new-plan';
import { planDistillation } from '../distill/plan-distillation';
import { InvalidOptionError } from '../errors';
import { imagesOfPreset } from '../evaluate/image-evaluator';
import type { WorkflowOptions } from '../events';
import { resolvePreset } from '../models/resolve-preset';
import type { ConfigOf, DISTILLATION } from '../runs/run-kinds';
import { checkSampler } from '../sample/open-sampler';
import { mergeTrees } from '../settings/merge';
import { runKey } from './run-key';
import type { StudyCell, StudyFile } from './study-file';

/** A distillation of a study; cells that give the same settings share one. */
export interface StudyRun {
  /** Names it everywhere, see `runKey`. */
  readonly key: string;
  readonly preset: string;
  readonly seed: number;
  readonly config: ConfigOf<typeof DISTILLATION>;
  readonly options: DistillOptions;
  /** Numbers of last AR steps that the teacher is to redraw in rows of their own. */
  readonly teacherSteps: readonly number[];
}

/** A cell on a preset, and its runs in the order of the seeds. */
export interface PlannedCell {
  readonly preset: string;
  readonly name: string;
  readonly cell: StudyCell;
  readonly runs: readonly StudyRun[];
}

/** A study, worked out. */
export interface StudyPlan {
  readonly cells: readonly PlannedCell[];
  /** All different runs. */
  readonly runs: readonly StudyRun[];
}

/**
 * Works out every run of a study; nothing is started.
 * @throws InvalidOptionError naming the cell and what is wrong with it.
 */
export async function planRuns(
  container: ServiceContainer,
  file: StudyFile,
  workflow: WorkflowOptions,
): Promise<StudyPlan> {
  checkNames(file);
  const adapted = await adaptedPresets(container, file, workflow);
  const runs = new Map<string, StudyRun>();
  const cells: PlannedCell[] = [];
  for (const preset of file.presets) {
    const shared = adapted.has(preset) ? file : { ...file, adaptation: undefined };
    for (const [name, cell] of Object.entries(file.cells)) {
      const own: string[] = [];
      for (const seed of file.seeds) {
        const run = await ofCell(name, preset, () =>
          planRun(container, optionsOf(shared, cell, preset, seed), cell.teacherSteps, workflow),
        );
        const known = runs.get(run.key);
        const steps = new Set([
          ...(known?.teacherSteps ?? []),
          ...(cell.teacherSteps === undefined ? [] : [cell.teacherSteps]),
        ]);
        runs.set(run.key, { ...run, preset, seed, teacherSteps: [...steps].sort((a, b) => a - b) });
        own.push(run.key);
      }
      cells.push({ preset, name, cell, runs: own.map((key) => runs.get(key)!) });
    }
  }
  return { cells, runs: [...runs.values()] };
}

/**
 * Checks what only the networks and the report can say about the runs of a study.
 * @throws InvalidOptionError naming the cell and what is wrong with it.
 */
export async function checkRuns(
  container: ServiceContainer,
  { cells }: StudyPlan,
  workflow: WorkflowOptions,
): Promise<void> {
  for (const { name, preset, runs } of cells) {
    await ofCell(name, preset, () => prepareDistillation(container, runs[0]!.options, workflow));
  }
}

/** @throws InvalidOptionError when what is compared is no cell, or a cell asks for two rows. */
function checkNames({ cells, compare, paper }: StudyFile): void {
  const named = [
    compare.reference,
    ...(paper?.ordering ?? []),
    ...Object.keys(paper?.figures ?? {}),
  ];
  const unknown = named.find((name) => !Object.hasOwn(cells, name));
  if (unknown !== undefined) {
    throw new InvalidOptionError(
      `The study has no cell "${unknown}" to compare: it has ${Object.keys(cells).join(', ')}.`,
    );
  }
  for (const [name, { row, teacherSteps }] of Object.entries(cells)) {
    if (row !== undefined && teacherSteps !== undefined) {
      throw new InvalidOptionError(
        `The cell "${name}" names a row and steps of the teacher, which have a row of their own: leave one out.`,
      );
    }
  }
}

/**
 * The presets whose teacher is adapted: what a study says of the adaptation is for these.
 * @throws InvalidOptionError when there are none, and it says something.
 */
async function adaptedPresets(
  container: ServiceContainer,
  { presets, adaptation }: StudyFile,
  workflow: WorkflowOptions,
): Promise<ReadonlySet<string>> {
  const adapted = new Set<string>();
  for (const preset of presets) {
    const { found } = await resolvePreset(openContext(container, workflow), { preset });
    if (found.preset.adaptation !== undefined) adapted.add(preset);
  }
  if (adaptation && adapted.size === 0) throw noAdaptation(presets[0]!);
  return adapted;
}

function optionsOf(
  file: StudyFile,
  { row: _row, teacherSteps: _teacherSteps, ...cell }: StudyCell,
  preset: string,
  seed: number,
): DistillOptions {
  const { method, guidance, topK, topP, settings = {}, adaptation, architecture, samples } = file;
  return {
    ...{ method, guidance, topK, topP, adaptation, architecture },
    ...cell,
    preset,
    samples,
    settings: { ...mergeTrees(settings, cell.settings ?? {}), seed },
  };
}

async function planRun(
  container: ServiceContainer,
  options: DistillOptions,
  teacherSteps: number | undefined,
  workflow: WorkflowOptions,
): Promise<Pick<StudyRun, 'key' | 'config' | 'options'>> {
  if (teacherSteps !== undefined) {
    await checkTeacherSteps(container, options, teacherSteps, workflow);
  }
  const { config } = await planDistillation(container, options, workflow);
  return { key: runKey(config, options), config, options };
}

/** @throws InvalidOptionError when the preset makes no images, or they have fewer AR steps. */
async function checkTeacherSteps(
  container: ServiceContainer,
  options: DistillOptions,
  teacherSteps: number,
  workflow: WorkflowOptions,
): Promise<void> {
  const context = await resolvePreset(openContext(container, workflow), options, {
    teacherDraws: true,
  });
  if (!imagesOfPreset(context.found)) {
    throw new InvalidOptionError(
      'Steps that the teacher redraws are measured on images, and it makes none: leave teacherSteps out.',
    );
  }
  checkSampler(context, { teacherSteps });
}

/** What is wrong with a cell is said of it. */
async function ofCell<T>(cell: string, preset: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) throw error;
    throw new InvalidOptionError(
      `In the cell "${cell}" on the preset "${preset}": ${error.message}`,
      { cause: error, options: error.options },
    );
  }
}
