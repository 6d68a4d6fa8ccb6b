import { FID_MNIST } from '../fid-mnist';

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

interface Column {
  readonly title: string;
  cell(row: ResultRow): string | undefined;
}

const COLUMNS: readonly Column[] = [
  { title: 'method', cell: (row) => row.name },
  { title: 'evaluations', cell: ({ evaluations }) => evaluations?.toString() },
  { title: FID_MNIST, cell: ({ fid }) => fid?.toFixed(2) },
  { title: 'class accuracy', cell: ({ classAccuracy }) => percent(classAccuracy) },
  { title: 'precision', cell: ({ precision }) => precision?.toFixed(3) },
  { title: 'recall', cell: ({ recall }) => recall?.toFixed(3) },
  { title: 'diversity', cell: ({ diversity }) => diversity?.toFixed(3) },
  { title: 's/image', cell: ({ secondsPerImage }) => secondsPerImage?.toPrecision(3) },
];

/** Titles and cells; a column that no row fills is left out. */
function cells(rows: readonly ResultRow[]): string[][] {
  const columns = COLUMNS.filter(({ cell }) => rows.some((row) => cell(row) !== undefined));
  return [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ cell }) => cell(row) ?? '–')),
  ];
}

/** The results as a Markdown table. */
export function markdownTable(rows: readonly ResultRow[]): string {
  const [titles = [], ...body] = cells(rows);
  const alignment = titles.map((_, column) => (column === 0 ? '---' : '---:'));
  return [titles, alignment, ...body].map(markdownRow).join('\n');
}

/** One line of a Markdown table. */
export function markdownRow(row: readonly string[]): string {
  return `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** The results as aligned text for a terminal. */
export function textTable(rows: readonly ResultRow[]): string {
  const [titles = [], ...body] = cells(rows);
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...body.map((row) => row[column]!.length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd();
  return [
    line(titles),
    widths.map((width) => '─'.repeat(width)).join('  '),
    ...body.map(line),
  ].join('\n');
}

/** A fraction as a percentage with one digit. */
export function percent(fraction: number | undefined): string | undefined {
  return fraction === undefined ? undefined : `${(100 * fraction).toFixed(1)}%`;
}
