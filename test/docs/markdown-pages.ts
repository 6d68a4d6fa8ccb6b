import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from '@ar-distill/workspace';

/** Folders that are made, or belong to others. */
const NOT_OURS = ['node_modules', 'dist', 'api', 'etc', 'fixtures', 'assets', 'template'];

/** A Markdown file of the repository. */
export interface MarkdownPage {
  /** Below the root. */
  readonly file: string;
  readonly text: string;
}

/** A block of code. */
export interface Fence {
  readonly language: string;
  readonly code: string;
}

/** All pages that people read: the site's, and what stands beside the code. */
export function markdownPages(): MarkdownPage[] {
  const files = [
    ...readdirSync(ROOT)
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(ROOT, name)),
    ...['docs', 'examples', 'packages', 'plugins', 'tools'].flatMap((name) =>
      markdownFilesIn(join(ROOT, name)),
    ),
  ];
  return files.map((file) => ({ file: relative(ROOT, file), text: readFileSync(file, 'utf8') }));
}

function markdownFilesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return NOT_OURS.includes(entry.name) ? [] : markdownFilesIn(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

const FENCE = /^ *```(\w*)[^\n]*\n([\s\S]*?)^ *```$/gm;

/** The blocks of code of a page. */
export function fencesOf(text: string): Fence[] {
  return [...text.matchAll(FENCE)].map(([, language = '', code = '']) => ({ language, code }));
}

/** What links and pictures lead to. */
export function targetsOf(text: string): string[] {
  const prose = text.replace(FENCE, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = '']) => target);
}

/** The headings of a page as they read, without the signs of Markdown. */
export function headingsOf(text: string): string[] {
  return [...text.replace(FENCE, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*\\]/g, ''),
  );
}
