import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import {
  type Comparison,
  compareSpreads,
  lineChart,
  type Page,
  type PageBlock,
  type PageSection,
  significant,
  type Spread,
  spreadOf,
  type Table,
} from '@ar-distill/evaluation/report';
import { flattenSettings } from '../report/flatten-settings';
import { machineText } from '../report/machine';
import type { PlannedCell, StudyPlan } from './plan-runs';
import { PICTURES } from './run-pictures';
import { redrawnRow, resultFile, type RunResult } from './run-result';
import type { StudyFile } from './study-file';

/** A cell with what there is of its runs. */
interface MeasuredCell {
  readonly planned: PlannedCell;
  readonly results: readonly RunResult[];
  /** Over seeds, by metric. */
  readonly metrics: ReadonlyMap<string, Spread>;
}

const WORDS: Readonly<Record<Comparison, string>> = {
  better: 'better',
  worse: 'worse',
  none: 'none',
  unknown: 'unknown (one seed)',
};

/** The page of a study, from its file and the results alone. */
export async function studyPage(
  file: StudyFile,
  plan: StudyPlan,
  results: ReadonlyMap<string, RunResult>,
  folder: string,
): Promise<Page> {
  const { title, seeds, paper } = file;
  const sections: PageSection[] = [];
  for (const preset of file.presets) {
    const cells = plan.cells
      .filter((cell) => cell.preset === preset)
      .map((cell) => measured(cell, results));
    sections.push({ heading: preset, blocks: await presetBlocks(file, cells, folder) });
  }
  const machines = new Set(
    [...results.values()].map(({ machine }) => machineText(machine.version, machine)),
  );
  if (machines.size > 0) {
    sections.push({
      heading: 'Machines and versions',
      blocks: [...machines].map((text) => ({ kind: 'text', text })),
    });
  }
  return {
    title,
    summary: [
      {
        kind: 'text',
        text: `${results.size} of ${plan.runs.length} runs, seeds ${seeds.join(', ')}; means ± deviations over seeds. A difference that is not larger than the larger deviation of both sides is called none.`,
      },
      ...(paper ? [{ kind: 'text', text: `The paper: ${paper.says}` } as const] : []),
    ],
    sections,
  };
}

function measured(planned: PlannedCell, all: ReadonlyMap<string, RunResult>): MeasuredCell {
  const { row, teacherSteps } = planned.cell;
  const results = planned.runs.flatMap(({ key }) => all.get(key) ?? []);
  const values = new Map<string, number[]>();
  for (const result of results) {
    const name = teacherSteps === undefined ? (row ?? result.result) : redrawnRow(teacherSteps);
    const found = result.rows.find((candidate) => candidate.name === name);
    for (const [metric, value] of Object.entries(found?.values ?? {})) {
      values.set(metric, [...(values.get(metric) ?? []), value]);
    }
  }
  const metrics = new Map([...values].map(([metric, list]) => [metric, spreadOf(list)!]));
  return { planned, results, metrics };
}

async function presetBlocks(
  file: StudyFile,
  cells: readonly MeasuredCell[],
  folder: string,
): Promise<PageBlock[]> {
  const blocks: PageBlock[] = [{ kind: 'table', table: figures(file, cells) }];
  if (file.paper?.ordering) {
    blocks.push({ kind: 'table', table: orderings(file, file.paper.ordering, cells) });
  }
  // Curves and pictures are the generator's: of other rows there are none.
  const ofGenerators = cells.filter(
    ({ planned: { cell } }) => cell.row === undefined && cell.teacherSteps === undefined,
  );
  const curves = ofGenerators.map(({ planned, results }) => ({
    name: planned.name,
    points: meanCurve(results),
  }));
  if (curves.some(({ points }) => points.length > 0)) {
    const yLabel = 'Fréchet distance';
    const title = `${yLabel} during training, means over seeds`;
    const options = { title, xLabel: 'generator updates', yLabel, yScale: 'log' } as const;
    blocks.push({ kind: 'chart', svg: lineChart(curves, options) });
  }
  for (const { title, extension } of Object.values(PICTURES)) {
    const pictures = [];
    for (const { planned } of ofGenerators) {
      const picture = resultFile(folder, planned.runs[0]!.key, extension);
      if (!existsSync(picture)) continue;
      pictures.push({ title: `${planned.name}: ${title}`, png: await readFile(picture) });
    }
    if (pictures.length > 0) blocks.push({ kind: 'pictures', pictures });
  }
  blocks.push({ kind: 'table', table: differingSettings(cells) });
  return blocks;
}

/** Metrics of every cell, without their details (`metric.detail`), and what each is to the reference. */
function figures({ compare }: StudyFile, cells: readonly MeasuredCell[]): Table {
  const all = new Set(cells.flatMap(({ metrics }) => [...metrics.keys()]));
  const names = [...all].filter((metric) => !metric.includes('.'));
  return {
    columns: [
      { title: 'cell' },
      { title: 'runs', align: 'right' },
      ...names.map((title) => ({ title, align: 'right' }) as const),
      { title: `${compare.metric}, difference to ${compare.reference}` },
    ],
    rows: cells.map(({ planned: { name }, results, metrics }) => [
      name,
      String(results.length),
      ...names.map((metric) => spreadText(metrics.get(metric))),
      name === compare.reference
        ? 'reference'
        : comparedText(compare, cells, name, compare.reference),
    ]),
  };
}

/** Neighbours in the paper's ordering, and what they are to each other here. */
function orderings(
  { compare, paper }: StudyFile,
  ordering: readonly string[],
  cells: readonly MeasuredCell[],
): Table {
  const quoted = (name: string): string => {
    const figure = paper?.figures?.[name];
    return figure === undefined ? name : `${name} (${figure})`;
  };
  return {
    columns: [{ title: 'in the paper' }, { title: 'difference here' }, { title: 'agreeing' }],
    rows: ordering.slice(1).map((worse, i) => {
      const better = ordering[i]!;
      const here = compared(compare, cells, better, worse);
      const agreeing = here === 'better' ? 'yes' : here === 'worse' ? 'no' : 'open';
      return [`${quoted(better)} better than ${quoted(worse)}`, here ? WORDS[here] : '–', agreeing];
    }),
  };
}

function compared(
  { metric, better }: StudyFile['compare'],
  cells: readonly MeasuredCell[],
  name: string,
  reference: string,
): Comparison | undefined {
  const spread = (of: string): Spread | undefined =>
    cells.find(({ planned }) => planned.name === of)?.metrics.get(metric);
  const [own, other] = [spread(name), spread(reference)];
  return own && other && compareSpreads(own, other, better);
}

function comparedText(...given: Parameters<typeof compared>): string {
  const comparison = compared(...given);
  return comparison ? WORDS[comparison] : '–';
}

function spreadText(spread: Spread | undefined): string {
  if (!spread) return '–';
  const { mean, deviation } = spread;
  return deviation === undefined
    ? significant(mean)
    : `${significant(mean)} ± ${significant(deviation, 2)}`;
}

/** Updates and mean distances, where every run has a point. */
function meanCurve(results: readonly RunResult[]): [updates: number, distance: number][] {
  return (results[0]?.curve ?? []).flatMap(({ updates }) => {
    const all = results.flatMap(({ curve }) =>
      curve.filter((point) => point.updates === updates).map(({ distance }) => distance),
    );
    const middle = all.length === results.length ? spreadOf(all)?.mean : undefined;
    return middle === undefined ? [] : [[updates, middle]];
  });
}

/** Settings that are not the same in all cells; a column per cell. */
function differingSettings(cells: readonly MeasuredCell[]): Table {
  const flat = cells.map(({ planned: { runs, cell } }) => {
    const { row, teacherSteps } = cell;
    return flattenSettings({
      ...runs[0]!.config,
      ...(row === undefined ? {} : { row }),
      ...(teacherSteps === undefined ? {} : { teacherSteps }),
    });
  });
  const names = [...new Set(flat.flatMap((settings) => Object.keys(settings)))].filter(
    (name) => new Set(flat.map((settings) => settings[name])).size > 1,
  );
  return {
    columns: [
      { title: 'settings that differ' },
      ...cells.map(({ planned: { name } }) => ({ title: name })),
    ],
    rows: names.map((name) => [name, ...flat.map((settings) => String(settings[name] ?? '–'))]),
  };
}
