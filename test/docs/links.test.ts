import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { MENU, slugOf } from '@ar-distill/docs';
import { ROOT } from '@ar-distill/workspace';
import { headingsOf, markdownPages, targetsOf } from './markdown-pages';

const PAGES = markdownPages();

/** The places in a page that links can lead to. */
function anchorsOf(text: string): string[] {
  const counts = new Map<string, number>();
  return headingsOf(text).map((heading) => {
    const slug = slugOf(heading);
    const before = counts.get(slug) ?? 0;
    counts.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
}

/** What is wrong with a link on a page; undefined when nothing is, or when it leads elsewhere. */
function problemOf(file: string, target: string): string | undefined {
  if (/^https?:/.test(target)) return undefined;
  const [path = '', anchor] = target.split('#');
  const place = path === '' ? join(ROOT, file) : join(ROOT, dirname(file), path);
  if (path.startsWith('/') || !existsSync(place)) return `${target}: there is no such file`;
  if (anchor === undefined) return undefined;
  const anchors = anchorsOf(readFileSync(place, 'utf8'));
  return anchors.includes(anchor) ? undefined : `${target}: no heading has this anchor`;
}

it('finds pages, links and pictures', () => {
  expect(PAGES.length).toBeGreaterThan(30);
  const targets = PAGES.flatMap(({ text }) => targetsOf(text));
  expect(targets.length).toBeGreaterThan(100);
  expect(targets.filter((target) => target.endsWith('.png')).length).toBeGreaterThan(5);
});

it.each(PAGES.map(({ file, text }) => [file, text] as const))(
  'what %s leads to is there',
  (file, text) => {
    const problems = targetsOf(text).flatMap((target) => problemOf(file, target) ?? []);
    expect(problems).toEqual([]);
  },
);

it('knows a wrong file and a wrong anchor', () => {
  expect(problemOf('docs/index.md', 'nothing.md')).toBe('nothing.md: there is no such file');
  expect(problemOf('docs/index.md', '../README.md#nothing')).toBe(
    '../README.md#nothing: no heading has this anchor',
  );
  expect(problemOf('docs/index.md', '../README.md#from-a-program')).toBeUndefined();
});

it('every page of the site is in its menu once, and no other', () => {
  const pages = PAGES.map(({ file }) => relative('docs', file)).filter(
    (file) => !file.startsWith('..'),
  );
  const menu = MENU.flatMap((group) => group.pages.map(({ page }) => `${page}.md`));
  expect(menu.sort()).toEqual(pages.sort());
});
