import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bytesOfPixels } from '@ar-distill/core';
import {
  type ServedSite,
  serveSite,
  type SiteFiles,
  siteOf,
  writeSite,
} from '@ar-distill/playground';
import { plugin as varPlugin } from '@ar-distill/plugin-var';
import { exportModel, sample, type SampleOptions } from '@ar-distill/workflows';
import type { Browser } from 'playwright-core';
import { pluginContainer } from '../plugin-container';
import {
  apart,
  buildPage,
  CHROMIUM,
  drawOnPage,
  greysOf,
  hasWebGpu,
  launch,
  openPage,
  WEBGPU,
} from './playground-page';

const PRESET = 'mnist-var';
/** What the page calls a model that lies in a folder of this name. */
const NAME = 'digits';
const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-playground-'));
const container = pluginContainer(varPlugin);
let site: SiteFiles;
let served: ServedSite;
let browser: Browser;

beforeAll(async () => {
  if (!CHROMIUM) return;
  const out = path.join(root, NAME);
  await exportModel(container, { preset: PRESET, out, onnx: 'fp32', teacher: true, samples: 4 });
  await buildPage(path.join(root, 'page'));
  site = await siteOf(path.join(root, 'page'), out);
  served = await serveSite(site, 0);
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await served?.close();
  await container.dispose();
  rmSync(root, { recursive: true });
});

/** Bytes of the library's first image of a class and a seed. */
async function imageOf(label: number, seed: number, options: SampleOptions = {}) {
  const choice = { preset: PRESET, count: 1, classes: [label], seed, ...options };
  const { images } = await sample(container, choice);
  return bytesOfPixels(images.data as Float32Array);
}

(CHROMIUM ? describe : describe.skip)('the playground in Chromium', () => {
  it('draws what the library draws, and asks nobody else for anything', async () => {
    const { page, requests, errors } = await openPage(browser, served.url);
    expect(await page.textContent('#model-name')).toBe(NAME);
    expect(await page.textContent('#status')).toMatch(/^On the CPU/);
    expect(await page.evaluate('crossOriginIsolated')).toBe(true);
    for (const [label, seed] of [
      [7, 3],
      [2, 2 ** 40],
    ] as const) {
      const drawn = await drawOnPage(page, label, seed);
      expect(apart(drawn, await imageOf(label, seed)).max).toBeLessThanOrEqual(2);
    }
    expect(requests.filter((url) => !url.startsWith(served.url))).toEqual([]);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('draws for as long as a key is held, and shows the time of an image', async () => {
    const { page, errors } = await openPage(browser, served.url);
    const drawn = async (): Promise<number> => Number(await page.textContent('#drawn'));
    const before = await drawn();
    await page.keyboard.down('4');
    while ((await drawn()) < before + 3) await page.waitForTimeout(50);
    await page.keyboard.up('4');
    expect(await page.textContent('#caption')).toMatch(/^Class 4, seed \d+$/);
    expect(Number(await page.textContent('#milliseconds'))).toBeGreaterThan(0);
    await page.focus('#draw');
    const held = await drawn();
    await page.keyboard.down('Space');
    while ((await drawn()) < held + 3) await page.waitForTimeout(50);
    await page.keyboard.up('Space');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('moves between two noises with its slider', async () => {
    const { page, errors } = await openPage(browser, served.url);
    const at = async (percent: number): Promise<number[]> => {
      await page.fill('#share', String(percent / 100));
      await page.waitForSelector(`#between[aria-label="Image at ${percent} per cent of the way"]`);
      return greysOf(page, 'between');
    };
    await page.waitForSelector('#between[aria-label="Image at 50 per cent of the way"]');
    const [first, middle, last] = [await at(0), await at(49), await at(100)];
    expect(apart(first, await greysOf(page, 'from')).max).toBeLessThanOrEqual(1);
    expect(apart(last, await greysOf(page, 'to')).max).toBeLessThanOrEqual(1);
    for (const end of [first, last]) expect(apart(middle, end).mean).toBeGreaterThan(1);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('draws with the teacher what the library draws with it, step by step', async () => {
    const { page, errors } = await openPage(browser, served.url);
    await drawOnPage(page, 5, 11);
    await page.click('#draw-both');
    await page.getByText(/^\d+ steps, [\d.]+ ms$/).waitFor({ timeout: 120_000 });
    expect(await page.textContent('#one-step-time')).toMatch(/^1 step, [\d.]+ ms$/);
    expect(apart(await greysOf(page, 'one-step'), await imageOf(5, 11)).max).toBeLessThanOrEqual(2);
    const expected = await imageOf(5, 11, { teacher: true });
    expect(apart(await greysOf(page, 'step-by-step'), expected).max).toBeLessThanOrEqual(2);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('works as a static site in a folder of a host that sends no headers', async () => {
    await writeSite(site, path.join(root, 'host/some/where'));
    const host = await plainHost(path.join(root, 'host'));
    const address = `http://127.0.0.1:${(host.address() as AddressInfo).port}/some/where/`;
    try {
      const { page, requests, errors } = await openPage(browser, address);
      expect(await page.evaluate('crossOriginIsolated')).toBe(false);
      expect(apart(await drawOnPage(page, 3, 8), await imageOf(3, 8)).max).toBeLessThanOrEqual(2);
      expect(requests.filter((url) => !url.startsWith(address))).toEqual([]);
      expect(errors).toEqual([]);
      await page.close();
    } finally {
      host.close();
      host.closeAllConnections();
    }
  });

  (hasWebGpu() ? it : it.skip)('draws the same on WebGPU', async () => {
    const withGpu = await launch(...WEBGPU);
    try {
      const { page, errors } = await openPage(withGpu, served.url);
      expect(await page.textContent('#status')).toBe('On the GPU');
      expect(apart(await drawOnPage(page, 6, 4), await imageOf(6, 4)).mean).toBeLessThanOrEqual(1);
      expect(errors).toEqual([]);
    } finally {
      await withGpu.close();
    }
  });
});

/** Serves the files of a folder as the plainest of hosts does. */
function plainHost(folder: string): Promise<Server> {
  const types: Readonly<Record<string, string>> = {
    '.html': 'text/html',
    '.css': 'text/css',
    '.js': 'text/javascript',
    '.mjs': 'text/javascript',
    '.svg': 'image/svg+xml',
    '.wasm': 'application/wasm',
  };
  const host = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost');
    const file = path.join(folder, pathname.endsWith('/') ? `${pathname}index.html` : pathname);
    readFile(file).then(
      (content) => {
        const type = types[path.extname(file)];
        response.writeHead(200, type === undefined ? {} : { 'Content-Type': type }).end(content);
      },
      () => response.writeHead(404).end(),
    );
  });
  return new Promise((resolve) => host.listen(0, '127.0.0.1', () => resolve(host)));
}
