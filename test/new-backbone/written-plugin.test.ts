import { mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkPlugin } from '@ar-distill/conformance';
import type { PluginDefinition } from '@ar-distill/core';
import { ROOT } from '@ar-distill/workspace';
import { writePlugin } from 'create-ar-distill-plugin';
import { hashRng } from '../core/hash-rng';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ar-distill-written-')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// With a compiler test/full checks it, as its author would.
test('a plugin as it is written keeps the rules that need no compiler', async () => {
  const place = join(folder, 'plugin');
  writePlugin('fresh', place);
  // What npm would install there.
  symlinkSync(join(ROOT, 'node_modules'), join(place, 'node_modules'));
  const { plugin }: { plugin: PluginDefinition } = await import(join(place, 'src/index.ts'));
  expect(plugin.name).toBe('fresh');
  const results = await checkPlugin(plugin, { rng: hashRng(1) });
  expect(results.filter(({ state }) => state === 'failed')).toEqual([]);
  expect(results.filter(({ state }) => state === 'ok').length).toBeGreaterThan(40);
}, 300_000);
