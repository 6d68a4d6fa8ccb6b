import type { Page, PageBlock } from './page';
import { markdownOf, type Table } from './table';

/** What would be markup; a bar is `markdownOf`'s to escape. */
const MARKUP = /[\\`*_<>[\]#]/g;

/**
 * The page as Markdown. Charts are left out, and pictures that lie in no file: they are in the HTML of the
 * page alone.
 */
export function renderMarkdown({ title, summary, sections }: Page): string {
  const parts = [
    `# ${escapeMarkdown(title)}`,
    ...summary.flatMap(blockMarkdown),
    ...sections.flatMap(({ heading, blocks }) => [
      `## ${escapeMarkdown(heading)}`,
      ...blocks.flatMap(blockMarkdown),
    ]),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** Text as Markdown shows it. */
function escapeMarkdown(text: string): string {
  return text.replaceAll(MARKUP, String.raw`\$&`);
}

function blockMarkdown(block: PageBlock): string[] {
  switch (block.kind) {
    case 'text':
      return [escapeMarkdown(block.text)];
    case 'table':
      return [markdownOf(escaped(block.table))];
    case 'chart':
      return [];
    case 'pictures':
      return block.pictures.flatMap(({ title, file }) =>
        file === undefined
          ? []
          : [`${escapeMarkdown(title)}:`, `![${escapeMarkdown(title)}](${file})`],
      );
    case 'command':
      return [`\`\`\`sh\n${block.text}\n\`\`\``];
  }
}

function escaped({ columns, rows }: Table): Table {
  return {
    columns: columns.map(({ title, ...column }) => ({ ...column, title: escapeMarkdown(title) })),
    rows: rows.map((row) => row.map(escapeMarkdown)),
  };
}
