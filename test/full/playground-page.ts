import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';

/** Where Debian and others put it. */
const PLACES = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser'];
export const CHROMIUM = PLACES.find((place) => place && existsSync(place));

const PLAYGROUND = path.join(__dirname, '../../packages/playground');

/** Builds the page into a folder, from its sources. */
export async function buildPage(folder: string): Promise<void> {
  const manifest = createRequire(path.join(PLAYGROUND, 'package.json')).resolve(
    'vite/package.json',
  );
  const vite = path.join(path.dirname(manifest), 'bin/vite.js');
  const build = [vite, 'build', '--outDir', folder, '--emptyOutDir', '--logLevel', 'error'];
  await promisify(execFile)(process.execPath, build, { cwd: PLAYGROUND });
}

/** Settings with which Chromium has WebGPU on a processor, by its SwiftShader, where it is built with it. */
export const WEBGPU = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
];

export function launch(...args: string[]): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM!, args: ['--no-sandbox', ...args] });
}

/** Asks for an adapter, on a page of this machine, where WebGPU is to be had. */
const ASK = `
const { chromium } = require('playwright-core');
const { createServer } = require('node:http');
const [executablePath, ...args] = process.argv.slice(1);
const server = createServer((_, response) => response.end('<title>a page</title>'));
server.listen(0, '127.0.0.1', async () => {
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', ...args] });
  const page = await browser.newPage();
  await page.goto('http://127.0.0.1:' + server.address().port);
  console.log(await page.evaluate(async () => !!(await navigator.gpu?.requestAdapter())));
  await browser.close();
  server.close();
});
`;

/** Whether this machine's Chromium has an adapter of WebGPU; known before tests are defined. */
export function hasWebGpu(): boolean {
  if (!CHROMIUM) return false;
  const args = ['-e', ASK, CHROMIUM, ...WEBGPU];
  return (
    execFileSync(process.execPath, args, { encoding: 'utf8', cwd: __dirname }).trim() === 'true'
  );
}

/** The page, and what it asked for and complained about. */
export interface OpenPage {
  readonly page: Page;
  /** Addresses of all requests. */
  readonly requests: readonly string[];
  readonly errors: readonly string[];
}

/** Opens the playground and waits until it can draw. */
export async function openPage(browser: Browser, url: string): Promise<OpenPage> {
  const page = await browser.newPage({ viewport: { width: 360, height: 740 } });
  const requests: string[] = [];
  const errors: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('requestfailed', (request) => errors.push(`${request.url()} failed`));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(url);
  await page.waitForSelector('#draw:enabled', { timeout: 280_000 });
  return { page, requests, errors };
}

/** Pixels of a canvas as grey values 0 … 255, once it shows something. */
export function greysOf(page: Page, id: string): Promise<number[]> {
  // Types of the page are those of a browser, which the tests have not.
  return page.evaluate<number[]>(`(() => {
    const canvas = document.getElementById('${id}');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]);
  })()`);
}

/** Draws the image of a class and a seed as a user does, and waits for it. */
export async function drawOnPage(page: Page, label: number, seed: number): Promise<number[]> {
  await page.locator(`#class-cells input[value="${label}"]`).check({ force: true });
  await page.fill('#seed', String(seed));
  await page.press('#seed', 'Tab');
  await page.getByText(`Class ${label}, seed ${seed}`, { exact: true }).waitFor();
  return greysOf(page, 'picture');
}

/** Largest and mean difference of two images. */
export function apart(a: readonly number[], b: ArrayLike<number>): { max: number; mean: number } {
  expect(a).toHaveLength(b.length);
  const differences = a.map((value, i) => Math.abs(value - b[i]!));
  return {
    max: Math.max(...differences),
    mean: differences.reduce((sum, value) => sum + value, 0) / a.length,
  };
}
