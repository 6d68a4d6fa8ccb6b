import TerminalTable from 'cli-table3';
import { markdownTable as renderMarkdown } from 'markdown-table';

/** Headings and cells, ready to be laid out. */
export interface Table {
  readonly columns: readonly TableColumn[];
  /** One cell per column. */
  readonly rows: readonly (readonly string[])[];
}

/** One column of a table. */
export interface TableColumn {
  readonly title: string;
  /** Figures are easier to compare flush right (default left). */
  readonly align?: 'left' | 'right';
}

/** The table in Markdown (GFM), aligned in its source as well. */
export function markdownOf({ columns, rows }: Table): string {
  const cells = [columns.map(({ title }) => title), ...rows];
  return renderMarkdown(
    // A bar would end the cell, in code spans too.
    cells.map((row) => row.map((cell) => cell.replaceAll('|', '\\|'))),
    { align: columns.map(({ align }) => (align === 'right' ? 'r' : null)) },
  );
}

/** The library draws a frame, of which only gaps between columns and a rule under headings stay. */
const LINES = {
  ...Object.fromEntries(
    ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left']
      .concat('bottom-right', 'left', 'left-mid', 'right', 'right-mid')
      .map((part) => [part, '']),
  ),
  middle: '  ',
  mid: '─',
  'mid-mid': '  ',
};

/** The table as aligned text for a terminal, with a rule under its headings and no final newline. */
export function textOf({ columns, rows }: Table): string {
  const table = new TerminalTable({
    head: columns.map(({ title }) => title),
    colAligns: columns.map(({ align = 'left' }) => align),
    chars: LINES,
    // No colours: the text is printed, piped and compared.
    style: { compact: true, head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString().replaceAll(/ +$/gm, '');
}
