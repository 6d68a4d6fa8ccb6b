import { PATH_LENGTH } from '@ar-distill/evaluation';
import {
  type Comparison,
  compareSpreads,
  significant,
  type Spread,
  type Table,
} from '@ar-distill/evaluation/report';
import { flattenSettings } from '../report/flatten-settings';
import type { MeasuredCell } from './measured-cell';
import type { StudyFile } from './study-file';

const WORDS: Readonly<Record<Comparison, string>> = {
  better: 'better',
  worse: 'worse',
  none: 'none',
  unknown: 'unknown (one seed)',
};

/**
 * Metrics of every cell, without their details (`metric.detail`), what the paper has for it, and what it is to
 * the reference.
 */
export function figureTable(
  { compare, paper, pathLength }: StudyFile,
  preset: string,
  cells: readonly MeasuredCell[],
): Table {
  const all = new Set(cells.flatMap(({ metrics }) => [...metrics.keys()]));
  // Another study that shares a run may have asked for its path length.
  if (pathLength === undefined) all.delete(PATH_LENGTH.name);
  const names = [...all].filter((metric) => !metric.includes('.'));
  const quotes = cells.map(({ planned: { name } }) => quoted(paper, preset, name));
  const isQuoted = quotes.some((figure) => figure !== undefined);
  return {
    columns: [
      { title: 'cell' },
      { title: 'runs', align: 'right' },
      ...names.map((title) => ({ title, align: 'right' }) as const),
      ...(isQuoted ? [{ title: 'paper (quoted)', align: 'right' } as const] : []),
      { title: `${compare.metric}, difference to ${compare.reference}` },
    ],
    rows: cells.map(({ planned: { name }, results, metrics }, i) => [
      name,
      String(results.length),
      ...names.map((metric) => spreadText(metrics.get(metric))),
      ...(isQuoted ? [quotes[i]?.toString() ?? '–'] : []),
      name === compare.reference
        ? 'reference'
        : comparedText(compare, cells, name, compare.reference),
    ]),
  };
}

/** Neighbours in the paper's ordering, and what they are to each other here. */
export function orderingTable(
  { compare, paper }: StudyFile,
  preset: string,
  ordering: readonly string[],
  cells: readonly MeasuredCell[],
): Table {
  const named = (name: string): string => {
    const figure = quoted(paper, preset, name);
    return figure === undefined ? name : `${name} (${figure})`;
  };
  return {
    columns: [{ title: 'in the paper' }, { title: 'difference here' }, { title: 'agreeing' }],
    rows: ordering.slice(1).map((worse, i) => {
      const better = ordering[i]!;
      const here = compared(compare, cells, better, worse);
      const agreeing = here === 'better' ? 'yes' : here === 'worse' ? 'no' : 'open';
      return [`${named(better)} better than ${named(worse)}`, here ? WORDS[here] : '–', agreeing];
    }),
  };
}

/** Settings that are not the same in all cells; a column per cell. */
export function differingSettings(cells: readonly MeasuredCell[]): Table {
  const flat = cells.map(({ planned: { runs, row, isGenerator } }) =>
    flattenSettings({ ...runs[0]!.config, ...(isGenerator ? {} : { row }) }),
  );
  const names = differingNames(flat);
  return {
    columns: [
      { title: 'settings that differ' },
      ...cells.map(({ planned: { name } }) => ({ title: name })),
    ],
    rows: names.map((name) => [name, ...flat.map((settings) => String(settings[name] ?? '–'))]),
  };
}

/**
 * Names that have several values, or one and none; that a whole method has no such setting is said by
 * `method` and makes no difference.
 */
export function differingNames(cells: readonly Readonly<Record<string, unknown>>[]): string[] {
  return [...new Set(cells.flatMap((cell) => Object.keys(cell)))].filter((name) => {
    const knowing = cells.filter((cell) => cell[name] !== undefined);
    const methods = new Set(knowing.map(({ method }) => method));
    const compared = cells.filter(({ method }) => methods.has(method));
    return new Set(compared.map((cell) => cell[name])).size > 1;
  });
}

/** What the paper has for a cell on a preset, if anything. */
function quoted(paper: StudyFile['paper'], preset: string, cell: string): number | undefined {
  const figure = paper?.figures?.[cell];
  return typeof figure === 'object' ? figure[preset] : figure;
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
