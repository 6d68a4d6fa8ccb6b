import { columnHeading, formatValue, type MetricColumn } from './metric-column';
import { significant } from './significant';
import { markdownOf, type Table, type TableColumn, textOf } from './table';

/** One method in a table of results. What was not measured is left out. */
export interface ResultRow {
  readonly name: string;
  /** Network evaluations per image. */
  readonly evaluations?: number;
  /** Values of metrics, by name; those without a column are not shown. */
  readonly values?: Readonly<Record<string, number>>;
  readonly secondsPerImage?: number;
}

interface ResultColumn extends TableColumn {
  cell(row: ResultRow): string | undefined;
}

/** Figures stand flush right. */
const figure = (title: string, cell: ResultColumn['cell']): ResultColumn => ({
  title,
  align: 'right',
  cell,
});

function metricFigure(column: MetricColumn): ResultColumn {
  return figure(columnHeading(column), ({ values }) => {
    const value = values?.[column.name];
    return value === undefined ? undefined : formatValue(column, value);
  });
}

/** The results, ready to be laid out; a column that no row fills is left out. */
export function resultTable(rows: readonly ResultRow[], metrics: readonly MetricColumn[]): Table {
  const columns = [
    { title: 'method', cell: ({ name }: ResultRow) => name },
    figure('evaluations', ({ evaluations }) => evaluations?.toString()),
    ...metrics.map(metricFigure),
    figure('s/image', ({ secondsPerImage }) =>
      secondsPerImage === undefined ? undefined : significant(secondsPerImage),
    ),
  ].filter(({ cell }) => rows.some((row) => cell(row) !== undefined));
  return { columns, rows: rows.map((row) => columns.map(({ cell }) => cell(row) ?? '–')) };
}

/** The results as a Markdown table; see `metricColumns`. */
export function markdownTable(
  rows: readonly ResultRow[],
  metrics: readonly MetricColumn[],
): string {
  return markdownOf(resultTable(rows, metrics));
}

/** The results as aligned text for a terminal. */
export function textTable(rows: readonly ResultRow[], metrics: readonly MetricColumn[]): string {
  return textOf(resultTable(rows, metrics));
}
