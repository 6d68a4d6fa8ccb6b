import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isModelDirectory } from '@ar-distill/checkpoints';
import { createContainer, type TypedContainer } from '@ar-distill/di';
import {
  type Hub,
  InvalidOptionError,
  localModel,
  withLocalModels,
  type WorkflowOptions,
} from '@ar-distill/workflows';
import { HubServer } from './hub-server';
import { writeSmallFolder } from './small-folder';

const FIRST = '1'.repeat(40);
const SECOND = '2'.repeat(40);
const NAME = 'me/digits';

const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-hub-'));
const original = path.join(root, 'original');
let container: TypedContainer;
let server: HubServer;
let cache = '';

beforeAll(async () => {
  container = createContainer({ cwd: root });
  await writeSmallFolder(original);
});
afterAll(async () => {
  await container.dispose();
  rmSync(root, { recursive: true });
});
beforeEach(async () => {
  server = await HubServer.start(NAME, original);
  server.revisions['main'] = FIRST;
  server.revisions['refs/pr/1'] = SECOND;
  cache = mkdtempSync(path.join(root, 'cache-'));
});
afterEach(() => server.stop());

const hub = (): Hub => ({ endpoint: server.endpoint, token: server.token, cache });
const fetched = (source = `hf:${NAME}`, run: WorkflowOptions = {}, from = hub()) =>
  localModel(container, source, from, run);
const kept = () => path.join(cache, encodeURIComponent(new URL(server.endpoint).host), NAME);
const shards = () => readdirSync(original).filter((file) => file.endsWith('.safetensors'));
const unfinished = (file: string) => path.join(kept(), `${FIRST}.unfinished`, file);
const isSame = (folder: string, file: string) =>
  readFileSync(path.join(folder, file)).equals(readFileSync(path.join(original, file)));

it('fetches what a model directory needs, with its page, and shows how far it is', async () => {
  const shown: number[] = [];
  let total = 0;
  const folder = await fetched(`hf:${NAME}`, {
    onEvent: (event) => {
      if (event.kind !== 'progress') return;
      shown.push(event.done);
      total = event.total;
    },
  });
  expect(folder).toBe(path.join(kept(), FIRST));
  expect(readdirSync(folder).sort()).toEqual([...readdirSync(original), 'README.md'].sort());
  expect(isModelDirectory(folder)).toBe(true);
  for (const file of readdirSync(original)) {
    expect(isSame(folder, file)).toBe(true);
  }
  expect(readdirSync(kept()).sort()).toEqual([FIRST, 'refs']);
  expect(shards()).toHaveLength(3);
  expect(total).toBe(2);
  expect(shown).toEqual([...shown].sort((a, b) => a - b));
  expect(shown.at(-1)).toBe(total);
});

it('asks nobody for what was fetched: a branch stays where it was, a commit is known by its name', async () => {
  const folder = await fetched();
  server.revisions['main'] = SECOND;
  const requests = server.requests.length;
  expect(await fetched()).toBe(folder);
  expect(await fetched(`hf:${NAME}@${FIRST}`)).toBe(folder);
  expect(server.requests.length).toBe(requests);
  const other = await fetched(`hf:${NAME}@refs/pr/1`);
  expect(other).toBe(path.join(kept(), SECOND));
  const gone = hub();
  await server.stop();
  expect(await fetched(`hf:${NAME}@refs/pr/1`, {}, gone)).toBe(other);
  expect(await fetched(`hf:${NAME}@${SECOND}`, {}, gone)).toBe(other);
  await expect(fetched(`hf:${NAME}@v2`, {}, gone)).rejects.toThrow(
    `The model "${NAME}" cannot be fetched, because the connection to ${gone.endpoint} fails: go online`,
  );
  server = await HubServer.start(NAME, original);
});

it('fetches once for two that want the same at the same time', async () => {
  const sentences: string[] = [];
  const onEvent: WorkflowOptions['onEvent'] = (event) => {
    if (event.kind === 'message') sentences.push(event.text);
  };
  const folders = await Promise.all([
    fetched(`hf:${NAME}`, { onEvent }),
    fetched(`hf:${NAME}`, { onEvent }),
  ]);
  expect(folders).toEqual([path.join(kept(), FIRST), path.join(kept(), FIRST)]);
  expect(server.requests.filter((request) => request.includes('/revision/'))).toHaveLength(1);
  expect(sentences).toEqual([expect.stringMatching(/^The model ".*" is in use by process \d+/)]);
});

it('goes on where a connection broke', async () => {
  server.breaksAfter = 100_000;
  await expect(fetched()).rejects.toThrow(
    /connection to .* fails: go online and do the same again/,
  );
  const [shard] = shards();
  const there = statSync(unfinished(shard!)).size;
  expect(there).toBeGreaterThan(0);
  expect(there).toBeLessThanOrEqual(100_000);
  server.breaksAfter = Infinity;
  const folder = await fetched();
  expect(server.ranges).toEqual([`${shard} ${there}`]);
  for (const file of shards()) {
    expect(isSame(folder, file)).toBe(true);
  }
});

it('begins again where the server gives no parts', async () => {
  server.breaksAfter = 100_000;
  await expect(fetched()).rejects.toThrow('go online');
  server.breaksAfter = Infinity;
  server.takesRanges = false;
  const folder = await fetched();
  const [shard] = shards();
  expect(isSame(folder, shard!)).toBe(true);
});

it.each<[string, string, (bytes: Uint8Array) => Uint8Array]>([
  [
    'weights with another byte',
    'safetensors',
    (bytes) => bytes.map((b, i) => (i === 99 ? b ^ 1 : b)),
  ],
  ['a page with another byte', 'README.md', (bytes) => bytes.map((b, i) => (i === 0 ? b ^ 1 : b))],
  ['more bytes than were listed', 'README.md', (bytes) => Buffer.concat([bytes, bytes])],
])('keeps nothing of %s, and mends it the next time', async (_what, which, change) => {
  server.resend = (name, bytes) => (name.endsWith(which) ? change(bytes) : bytes);
  const file = which === 'README.md' ? which : shards()[0]!;
  await expect(fetched()).rejects.toThrow(
    `"${file}" of the model arrived damaged, as its checksum shows: fetch the model again.`,
  );
  expect(existsSync(unfinished(file))).toBe(false);
  expect(existsSync(path.join(kept(), FIRST))).toBe(false);
  server.resend = (_name, bytes) => bytes;
  expect(isModelDirectory(await fetched())).toBe(true);
});

it('says when a file ends early, and keeps what came', async () => {
  server.resend = (name, bytes) => (name === 'README.md' ? bytes.subarray(0, 4) : bytes);
  await expect(fetched()).rejects.toThrow(
    '"README.md" of the model broke off after 4 of 9 bytes: fetch the model again, which goes on from there.',
  );
  expect(readFileSync(unfinished('README.md'), 'utf8')).toBe('# Di');
});

it('sends the token to the hub alone', async () => {
  server.token = 'hf_mine';
  expect(isModelDirectory(await fetched())).toBe(true);
  expect(server.requests.some((request) => request.startsWith('GET /weights/'))).toBe(true);
  expect(server.hasLeaked).toBe(false);
});

it.each<[string, { readonly status: number; readonly code?: string }, RegExp, boolean]>([
  [
    'a model that is not there',
    { status: 401, code: 'RepoNotFound' },
    /^There is no model "me\/digits" on http.*, or not for everybody: check its name, or set HF_TOKEN/,
    true,
  ],
  [
    'a revision that is not there',
    { status: 404, code: 'RevisionNotFound' },
    /^The model "me\/digits" has no revision "main": name a branch/,
    true,
  ],
  [
    'a gated model',
    { status: 403, code: 'GatedRepo' },
    /^The model "me\/digits" is gated: accept its terms on http.*\/me\/digits, and set HF_TOKEN/,
    true,
  ],
  [
    'a server in trouble',
    { status: 503 },
    /answers with status 503 when it is asked for the model "me\/digits": try again later\.$/,
    false,
  ],
])('explains %s', async (_what, failure, sentence, isUsage) => {
  server.failure = failure;
  const error: unknown = await fetched().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ message: expect.stringMatching(sentence) });
  expect(error instanceof InvalidOptionError).toBe(isUsage);
});

it('explains a token that is not taken', async () => {
  server.token = 'hf_old';
  server.failure = { status: 401 };
  await expect(fetched()).rejects.toThrow('does not take the token in HF_TOKEN: renew it');
});

it.each(['../config.json', '/etc/passwd', 'a/../../b', 'a\\..\\b', 'C:b'])(
  'refuses a model with the file %j',
  async (file) => {
    server.relist = (entries) => [...entries, { ...entries[1]!, path: file }];
    await expect(fetched()).rejects.toThrow(
      `The model "${NAME}" has a file "${file}", which would lie outside of its folder`,
    );
    expect(readdirSync(kept())).toEqual([]);
  },
);

it('refuses a commit that is none, and a list of files that makes no sense', async () => {
  server.revisions['main'] = '../../../elsewhere';
  await expect(fetched()).rejects.toThrow('make no sense');
  server.revisions['main'] = FIRST;
  server.relist = (entries) => entries.map((entry) => ({ ...entry, size: -1 }));
  await expect(fetched()).rejects.toThrow('make no sense');
});

it('refuses a model of another program before its weights are fetched', async () => {
  server.relist = (entries) => entries.filter(({ path: file }) => !file.endsWith('index.json'));
  await expect(fetched()).rejects.toThrow(
    `The model "${NAME}" has no "model.safetensors.index.json", so that it is none of AR-Distill's`,
  );
  expect(server.requests.some((request) => request.includes('/resolve/'))).toBe(false);
});

it('stops when it is told to, and goes on the next time', async () => {
  const controller = new AbortController();
  const onEvent = () => controller.abort();
  await expect(fetched(`hf:${NAME}`, { signal: controller.signal, onEvent })).rejects.toMatchObject(
    { name: 'AbortError' },
  );
  expect(existsSync(unfinished('config.json'))).toBe(true);
  expect(isModelDirectory(await fetched())).toBe(true);
});

it.each([
  'hf:',
  'hf:digits',
  'hf:me/digits@',
  'hf:me/..',
  'hf:me/../x',
  'hf:me/a@../b',
  'hf:me/a b',
])('refuses %j with how a model is named', async (source) => {
  await expect(fetched(source)).rejects.toThrow(
    `"${source}" names no model of a hub: write hf:ORG/NAME, or hf:ORG/NAME@REVISION.`,
  );
  expect(server.requests).toEqual([]);
});

it('refuses an address that is none', async () => {
  for (const endpoint of ['huggingface.co', 'ftp://huggingface.co']) {
    await expect(localModel(container, `hf:${NAME}`, { ...hub(), endpoint })).rejects.toThrow(
      `The hub "${endpoint}" is no address of a web server: set HF_ENDPOINT`,
    );
  }
});

it('takes the place of every network in the options of a workflow, and leaves the rest', async () => {
  const options = { teacher: true, weights: `hf:${NAME}`, tokenizer: 'mine.safetensors', count: 3 };
  expect(await withLocalModels(container, options, hub())).toEqual({
    ...options,
    weights: path.join(kept(), FIRST),
  });
  const requests = server.requests.length;
  const wrong = { weights: `hf:${NAME}@new`, tokenizer: 'hf:no' };
  await expect(withLocalModels(container, wrong, hub())).rejects.toThrow('"hf:no" names no model');
  expect(server.requests.length).toBe(requests);
});
