import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MENU } from '@ar-distill/docs';
import { ROOT } from '@ar-distill/workspace';

/** What a browser would ask for by itself: links are only followed by people. */
const RESOURCE =
  /<(?:script|img|source|iframe|link)\b[^>]*?\b(?:src|href)="([^"]+)"|url\(["']?([^"')]+)/g;

let site: string;
let files: string[];
beforeAll(() => {
  site = mkdtempSync(join(tmpdir(), 'ar-distill-site-'));
  // A dead link between pages ends the build.
  execFileSync('npm', ['run', 'docs:site', '--', '--outDir', site], { cwd: ROOT, stdio: 'pipe' });
  files = readdirSync(site, { recursive: true, encoding: 'utf8' });
});
afterAll(() => rmSync(site, { recursive: true }));

const read = (file: string): string => readFileSync(join(site, file), 'utf8');

it('has every page of the menu, and a title on each', () => {
  for (const { page } of MENU.flatMap(({ pages }) => pages)) {
    expect(read(`${page}.html`)).toMatch(/<title>.+<\/title>/);
  }
});

it('asks for nothing that is not part of it', () => {
  const asked = files
    .filter((file) => /\.(?:html|css)$/.test(file))
    .flatMap((file) => [...read(file).matchAll(RESOURCE)].map(([, tag, css]) => tag ?? css ?? ''));
  expect(asked.length).toBeGreaterThan(100);
  const foreign = asked.filter((address) => !/^(?:\/(?!\/)|data:|#)/.test(address));
  expect(foreign).toEqual([]);
  const missing = asked.filter(
    (address) => /^\/./.test(address) && !files.includes(address.slice(1)),
  );
  expect(missing).toEqual([]);
});

it('leads to pages that are there', () => {
  const links = files
    .filter((file) => file.endsWith('.html') && file !== '404.html')
    .flatMap((file) => [...read(file).matchAll(/<a\b[^>]*?\bhref="(\/[^"#]*)/g)])
    .map(([, address = '']) => (address === '/' ? 'index.html' : address.slice(1)));
  expect(links.length).toBeGreaterThan(100);
  const missing = links.filter((link) => !files.includes(link) && !files.includes(`${link}.html`));
  expect(missing).toEqual([]);
});

it('has the anchors of headings that the repository has', () => {
  expect(read('own-data.html')).toContain('id="1-the-plugin"');
});

it('finds words of pages without a server', () => {
  const index = files.find((file) => file.includes('localSearchIndexroot'));
  expect(read(index!).includes('guidancenoisedraws')).toBe(true);
});
