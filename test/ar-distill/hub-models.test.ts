import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ImageGenerator } from 'ar-distill';
import * as workflows from '@ar-distill/workflows';
import { fetchingWorkflows } from '../../packages/ar-distill/src/commands/fetching-workflows';
import { runCli } from '../../packages/ar-distill/src/commands/program';
import { hubOf } from '../../packages/ar-distill/src/hub';
import { writeDigitsFolder } from '../hub/digits-folder';
import { HubServer } from '../hub/hub-server';
import { environment } from './in-process';

const PROJECT = resolve(__dirname, '../..');
const SOURCE = 'hf:me/digits@v1';
const root = mkdtempSync(join(tmpdir(), 'ar-distill-hub-models-'));
const before = { ...process.env };
let server: HubServer;

beforeAll(async () => {
  await writeDigitsFolder(join(root, 'model'));
  server = await HubServer.start('me/digits', join(root, 'model'));
  server.revisions['v1'] = 'c'.repeat(40);
  process.env['HF_ENDPOINT'] = server.endpoint;
  process.env['XDG_CACHE_HOME'] = root;
});
afterAll(async () => {
  for (const name of ['HF_ENDPOINT', 'XDG_CACHE_HOME']) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
  await server.stop();
  rmSync(root, { recursive: true });
});

it('makes the images of the same weights, from a hub as from the plugin', async () => {
  const load = (source: string) =>
    ImageGenerator.fromPretrained(source, { project: PROJECT, threads: 1 });
  const fetched = await load(SOURCE);
  const shipped = await load('mnist-var');
  const request = { classes: [7, 3], seed: 4 };
  const { images } = await fetched.generate(request);
  const { images: expected } = await shipped.generate(request);
  images.forEach(({ pixels }, i) => expect(pixels).toEqual(expected[i]!.pixels));
  await fetched.dispose();
  await shipped.dispose();
});

it('takes such a name in the command as well', async () => {
  const out = { stdout: '', stderr: '' };
  const hub = { ...hubOf(process.env), cache: join(root, 'of-the-command') };
  const png = join(root, 'digits.png');
  const code = await runCli(
    ['sample', '--weights', SOURCE, '--count', '2', '--threads', '1', '--out', png],
    { ...environment(out), workflows: fetchingWorkflows(workflows, hub) },
  );
  expect({ code, stderr: out.stderr }).toMatchObject({ code: 0 });
  expect(out.stdout).toContain(`Generator: ${join(hub.cache)}`);
  expect(readFileSync(png).subarray(1, 4).toString()).toBe('PNG');
});

it('reads where the hub and the cache are from the environment', () => {
  expect(hubOf({})).toMatchObject({ endpoint: 'https://huggingface.co' });
  expect(hubOf({}).cache).toMatch(/[\\/]\.cache[\\/]ar-distill$/);
  expect(hubOf({ XDG_CACHE_HOME: 'relative' })).toEqual(hubOf({}));
  expect(
    hubOf({ XDG_CACHE_HOME: '/cache', HF_ENDPOINT: 'http://mirror', HF_TOKEN: 'hf_x' }),
  ).toEqual({ endpoint: 'http://mirror', token: 'hf_x', cache: join('/cache', 'ar-distill') });
});
