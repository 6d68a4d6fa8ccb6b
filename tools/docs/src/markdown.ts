import { format } from 'prettier/standalone';
import * as markdown from 'prettier/plugins/markdown';

/** Text in which nothing is taken for Markdown or HTML. */
export function plain(text: string): string {
  return text.replace(/[<*\\]/g, '\\$&');
}

/** A piece of code in a line. */
export function code(text: string): string {
  return `\`${text}\``;
}

/** A table; a row is as long as its head. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return [head, head.map(() => '---'), ...rows].map(line).join('');
}

/** The parts of a page with empty lines between them, laid out as the linter wants it. */
export function pageOf(parts: readonly string[]): Promise<string> {
  return format(parts.join('\n\n'), { parser: 'markdown', plugins: [markdown] });
}

/** A summary, which begins with a small letter, as a sentence. */
export function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${plain(summary.slice(1))}.`;
}
