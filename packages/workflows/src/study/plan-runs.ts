import type { ServiceContainer } from '@ar-distill/di';
import { openContext } from '../context';
import type { DistillOptions } from '../distill/distill';
import { noAdaptation } from '../distill/new-plan';
import { planDistillation } from '../distill/plan-distillation';
import { InvalidOptionError } from '../errors';
import type { WorkflowOptions } from '../events';
import type { Hub } from '../hub/hub-model';
import { withLocalModels } from '../hub/local-models';
import { resolvePreset } from '../models/resolve-preset';
import { plannedRows } from '../report/planned-rows';
import type { ConfigOf, DISTILLATION } from '../runs/run-kinds';
import { mergeTrees } from '../settings/merge';
import { namedOption } from '../settings/named-option';
import { runKey } from './run-key';
import type { StudyCell, StudyFile } from './study-file';

/** A distillation of a study; cells that give the same settings share one. */
export interface StudyRun {
  /** Names it everywhere, see `runKey`. */
  readonly key: string;
  readonly preset: string;
  readonly config: ConfigOf<typeof DISTILLATION>;
  readonly options: DistillOptions;
  /** Settings that its tuned weights follow from; undefined where it tunes none that others could start from. */
  readonly tunedBy: readonly string[] | undefined;
  /** Rows that its report has to measure; the usual ones where the method does not say which it has. */
  readonly rows: ReadonlySet<string> | undefined;
}

/** A cell on a preset, and its runs in the order of the seeds. */
export interface PlannedCell {
  readonly preset: string;
  readonly name: string;
  /** The row that stands for it; that of the distilled generator where nothing says which it is. */
  readonly row: string | undefined;
  /** Whether that is the row of the distilled generator. */
  readonly isGenerator: boolean;
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
 * @param hub where networks are fetched from that are named on a hub; without it they are names of files.
 * @throws InvalidOptionError naming the cell and what is wrong with it.
 */
export async function planRuns(
  container: ServiceContainer,
  file: StudyFile,
  workflow: WorkflowOptions,
  hub?: Hub,
): Promise<StudyPlan> {
  checkNames(file);
  const adapted = await adaptedPresets(container, file, workflow);
  const runs = new Map<string, StudyRun>();
  const cells: (Omit<PlannedCell, 'runs'> & { readonly keys: readonly string[] })[] = [];
  for (const preset of file.presets) {
    const shared = adapted.has(preset) ? file : { ...file, adaptation: undefined };
    for (const [name, cell] of Object.entries(file.cells)) {
      const planned = await ofCell(name, preset, async () => {
        const { teacher = file.teacher, tokenizer = file.tokenizer } = cell;
        const named = { teacher, tokenizer };
        const networks = hub ? await withLocalModels(container, named, hub, workflow) : named;
        return Promise.all(
          file.seeds.map((seed) => {
            const options = optionsOf(shared, cell, preset, seed);
            return planRun(container, { options, networks, row: cell.row }, workflow);
          }),
        );
      });
      for (const { run } of planned) {
        const others = runs.get(run.key)?.rows ?? [];
        runs.set(run.key, { ...run, rows: run.rows && new Set([...others, ...run.rows]) });
      }
      const { row, isGenerator } = planned[0]!;
      cells.push({ preset, name, row, isGenerator, keys: planned.map(({ run }) => run.key) });
    }
  }
  return {
    cells: cells.map(({ keys, ...cell }) => ({ ...cell, runs: keys.map((key) => runs.get(key)!) })),
    runs: [...runs.values()],
  };
}

/** What is wrong with a cell is said of it. */
export async function ofCell<T>(
  cell: string,
  preset: string,
  work: () => T | Promise<T>,
): Promise<T> {
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

/** @throws InvalidOptionError when what is compared is no cell. */
function checkNames({ cells, compare, paper }: StudyFile): void {
  const named = [
    compare.reference,
    ...(paper?.ordering ?? []),
    ...Object.keys(paper?.figures ?? {}),
  ];
  const unknown = named.find((name) => !Object.hasOwn(cells, name));
  if (unknown === undefined) return;
  throw new InvalidOptionError(
    `The study has no cell "${unknown}" to compare: it has ${Object.keys(cells).join(', ')}.`,
  );
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
  { row: _row, ...cell }: StudyCell,
  preset: string,
  seed: number,
): DistillOptions & { readonly preset: string } {
  const { teacher, tokenizer, method, guidance, topK, topP } = file;
  const { adaptation, architecture, samples } = file;
  const isOther = cell.method !== undefined && cell.method !== method;
  const settings = isOther ? {} : (file.settings ?? {});
  return {
    ...{ teacher, tokenizer, method, guidance, topK, topP, adaptation, architecture },
    ...cell,
    preset,
    samples,
    settings: { ...mergeTrees(settings, cell.settings ?? {}), seed },
  };
}

/** What of a cell follows from its options. */
interface PlannedRun extends Pick<PlannedCell, 'row' | 'isGenerator'> {
  readonly run: StudyRun;
}

/** What is known of a run before it is planned. */
interface GivenRun {
  /** As the study says them. */
  readonly options: DistillOptions & { readonly preset: string };
  /** Files in place of what the options name. */
  readonly networks: Pick<DistillOptions, 'teacher' | 'tokenizer'>;
  readonly row: string | undefined;
}

async function planRun(
  container: ServiceContainer,
  { options: given, networks, row }: GivenRun,
  workflow: WorkflowOptions,
): Promise<PlannedRun> {
  const options = { ...given, ...networks };
  const teacherDraws = true;
  const context = await resolvePreset(openContext(container, workflow), options, { teacherDraws });
  const { config, plan } = await planDistillation(container, options, workflow);
  const known = plannedRows(context, plan);
  if (row !== undefined && known) {
    namedOption(
      'row',
      known.map((name) => ({ name })),
      row,
    );
  }
  const generator = (plan.rows?.find(({ isResult }) => isResult) ?? plan.rows?.[0])?.name;
  const shown = row ?? generator;
  const rows = known && shown !== undefined ? new Set([shown]) : undefined;
  return {
    // A network keeps its name wherever it was fetched to.
    run: {
      ...{ key: runKey(config, given), preset: options.preset, config, options, rows },
      tunedBy: plan.tuning?.dependsOn,
    },
    row: shown,
    isGenerator: row === undefined || row === generator,
  };
}
