import { FID_MNIST } from '../fid-mnist';
import { markdownOf, textOf, type Table, type TableColumn } from './table';

/** One method in a table of results. What was not measured is left out. */
export interface ResultRow {
  readonly name: string;
  /** Network evaluations per image. */
  readonly evaluations?: number;
  readonly fid?: number;
  /** In [0, 1], as are the three that follow, except that diversity may exceed 1. */
  readonly classAccuracy?: number;
  readonly precision?: number;
  readonly recall?: number;
  readonly diversity?: number;
  readonly secondsPerImage?: number;
}

interface ResultColumn extends TableColumn {
  cell(row: ResultRow): string | undefined;
}

const figure = (title: string, cell: ResultColumn['cell']): ResultColumn => ({
  title,
  align: 'right',
  cell,
});
const COLUMNS: readonly ResultColumn[] = [
  { title: 'method', cell: (row) => row.name },
  figure('evaluations', ({ evaluations }) => evaluations?.toString()),
  figure(FID_MNIST, ({ fid }) => fid?.toFixed(2)),
  figure('class accuracy', ({ classAccuracy }) => percent(classAccuracy)),
  figure('precision', ({ precision }) => precision?.toFixed(3)),
  figure('recall', ({ recall }) => recall?.toFixed(3)),
  figure('diversity', ({ diversity }) => diversity?.toFixed(3)),
  figure('s/image', ({ secondsPerImage }) => secondsPerImage?.toPrecision(3)),
];

/** A column that no row fills is left out. */
function tableOf(rows: readonly ResultRow[]): Table {
  const columns = COLUMNS.filter(({ cell }) => rows.some((row) => cell(row) !== undefined));
  return { columns, rows: rows.map((row) => columns.map(({ cell }) => cell(row) ?? '–')) };
}

/** The results as a Markdown table. */
export function markdownTable(rows: readonly ResultRow[]): string {
  return markdownOf(tableOf(rows));
}

/** The results as aligned text for a terminal. */
export function textTable(rows: readonly ResultRow[]): string {
  return textOf(tableOf(rows));
}

/** A fraction as a percentage with one digit. */
export function percent(fraction: number | undefined): string | undefined {
  return fraction === undefined ? undefined : `${(100 * fraction).toFixed(1)}%`;
}
