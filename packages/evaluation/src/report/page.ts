import { escapeMarkup } from './escape-markup';
import type { Table } from './table';

/** A PNG file that is shown with a caption. */
export interface PagePicture {
  readonly title: string;
  readonly png: Uint8Array;
  /** Its place as seen from the page's folder, with slashes, where it lies in a file as well. */
  readonly file?: string;
}

/** One thing under a heading. */
export type PageBlock =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'table'; readonly table: Table }
  /** An SVG document; see `lineChart`. */
  | { readonly kind: 'chart'; readonly svg: string }
  /** Side by side, as far as there is room. */
  | { readonly kind: 'pictures'; readonly pictures: readonly PagePicture[] }
  /** What is typed into a terminal. */
  | { readonly kind: 'command'; readonly text: string };

/** What stands under one heading. */
export interface PageSection {
  readonly heading: string;
  readonly blocks: readonly PageBlock[];
}

/** A report for a browser. */
export interface Page {
  readonly title: string;
  /** Above the first heading. */
  readonly summary: readonly PageBlock[];
  readonly sections: readonly PageSection[];
}

const STYLE = `
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #222; background: #fff; font: 16px/1.5 sans-serif; }
table { border-collapse: collapse; display: block; overflow-x: auto; margin: 1rem 0; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid #ddd; text-align: left; max-width: 24rem; overflow-wrap: break-word; }
th.right, td.right { text-align: right; }
td.right { white-space: nowrap; }
svg { max-width: 100%; height: auto; }
pre { padding: .75rem; background: #f4f4f4; white-space: pre-wrap; overflow-wrap: anywhere; }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1rem 0; }
figure { margin: 0; }
figure img { max-width: 100%; image-rendering: pixelated; }
figcaption { font-size: 14px; }
`;

/** The page as one HTML document that loads nothing from elsewhere: pictures and charts are inside. */
export function renderPage({ title, summary, sections }: Page): string {
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeMarkup(title)}</title>`,
    `<style>${STYLE}</style>`,
    '</head>',
    '<body>',
    `<h1>${escapeMarkup(title)}</h1>`,
    ...summary.map(blockMarkup),
    ...sections.flatMap(({ heading, blocks }) => [
      `<h2>${escapeMarkup(heading)}</h2>`,
      ...blocks.map(blockMarkup),
    ]),
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function blockMarkup(block: PageBlock): string {
  switch (block.kind) {
    case 'text':
      return `<p>${escapeMarkup(block.text)}</p>`;
    case 'table':
      return tableMarkup(block.table);
    case 'chart':
      return block.svg;
    case 'pictures':
      return `<div class="pictures">\n${block.pictures.map(pictureMarkup).join('\n')}\n</div>`;
    case 'command':
      return `<pre>${escapeMarkup(block.text)}</pre>`;
  }
}

function tableMarkup({ columns, rows }: Table): string {
  const cells = (tag: 'th' | 'td', texts: readonly string[]): string =>
    texts
      .map((text, i) => {
        const side = columns[i]?.align === 'right' ? ' class="right"' : '';
        return `<${tag}${side}>${escapeMarkup(text)}</${tag}>`;
      })
      .join('');
  const headings = columns.map(({ title }) => title);
  return [
    '<table>',
    `<thead><tr>${cells('th', headings)}</tr></thead>`,
    '<tbody>',
    ...rows.map((row) => `<tr>${cells('td', row)}</tr>`),
    '</tbody>',
    '</table>',
  ].join('\n');
}

function pictureMarkup({ title, png }: PagePicture): string {
  const name = escapeMarkup(title);
  const data = Buffer.from(png).toString('base64');
  return `<figure><img alt="${name}" src="data:image/png;base64,${data}"><figcaption>${name}</figcaption></figure>`;
}
