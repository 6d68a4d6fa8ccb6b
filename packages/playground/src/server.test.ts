import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EXPORTED, modelSaying } from '../test-support/described-model';
import { type ServedSite, serveSite } from './server';
import { siteOf } from './site-files';
import { writeSite } from './write-site';

let root: string;
let page: string;
let model: string;
let served: ServedSite;

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'ar-distill-playground-'));
  page = path.join(root, 'page');
  model = path.join(root, 'digits');
  await mkdir(path.join(page, 'assets'), { recursive: true });
  await mkdir(path.join(model, 'teacher'), { recursive: true });
  writeFileSync(path.join(root, 'secret.txt'), 'secret');
  writeFileSync(path.join(page, 'index.html'), '<!doctype html>');
  writeFileSync(path.join(page, 'assets/glue-1a2b.mjs'), 'export {};');
  writeFileSync(path.join(model, 'generator.onnx'), modelSaying(EXPORTED));
  writeFileSync(path.join(model, 'README.md'), 'not for the page');
  writeFileSync(path.join(model, 'teacher/programs.json'), '{}');
  symlinkSync(path.join(root, 'secret.txt'), path.join(page, 'link.txt'));
  symlinkSync(root, path.join(page, 'above'));
  symlinkSync(path.join(root, 'secret.txt'), path.join(model, 'teacher/link.txt'));
  served = await serveSite(await siteOf(page, model), 0);
});

afterAll(async () => {
  await served.close();
  await rm(root, { recursive: true });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Sends the path as it is, which `fetch` would tidy up. */
function ask(target: string, options: { method?: string; host?: string } = {}): Promise<Answer> {
  const { hostname, port, host } = new URL(served.url);
  return new Promise((resolve, reject) => {
    const { method = 'GET' } = options;
    const headers = { host: options.host ?? host };
    const asked = request({ hostname, port, path: target, method, headers }, async (response) => {
      let body = '';
      for await (const piece of response) body += String(piece);
      resolve({ status: response.statusCode, headers: response.headers, body });
    });
    asked.once('error', reject);
    asked.end();
  });
}

it('gives the page, its scripts and what it has to know of the model', async () => {
  const index = await ask('/');
  expect(index).toMatchObject({ status: 200, body: '<!doctype html>' });
  expect(index.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(await ask('/index.html?x=1')).toMatchObject({ status: 200, body: '<!doctype html>' });
  const script = await ask('/assets/glue-1a2b.mjs');
  expect(script.headers).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'max-age=31536000, immutable',
  });
  const bytes = await readFile(path.join(model, 'generator.onnx'));
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  expect(JSON.parse((await ask('/model/model.json')).body)).toEqual({
    name: 'digits',
    preset: 'some:preset',
    numClasses: 10,
    model: {
      path: 'model/generator.onnx',
      bytes: bytes.length,
      sha256: Buffer.from(digest).toString('hex'),
    },
    teacher: [expect.objectContaining({ path: 'model/teacher/programs.json', bytes: 2 })],
  });
  expect((await ask('/model/teacher/programs.json')).body).toBe('{}');
});

it('says of every answer what the page may do, and isolates it', async () => {
  for (const target of ['/', '/model/generator.onnx', '/nothing']) {
    const { headers } = await ask(target);
    expect(headers).toMatchObject({
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'x-content-type-options': 'nosniff',
    });
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|\*|https?:/);
  }
});

it.each([
  '/../secret.txt',
  '/assets/../../secret.txt',
  '/%2e%2e/secret.txt',
  '/assets/%2e%2e%2f%2e%2e%2fsecret.txt',
  '/..%5csecret.txt',
  '//secret.txt',
  '/link.txt',
  '/above/secret.txt',
  '/model/teacher/link.txt',
  '/model/README.md',
  '/index.html%00',
  '/constructor',
])('gives nothing for %s', async (target) => {
  expect(await ask(target)).toMatchObject({ status: 404, body: 'There is no such file here.\n' });
});

const replacements: [string, (file: string) => void][] = [
  ['is gone', () => undefined],
  ['became a link', (file) => symlinkSync(path.join(root, 'secret.txt'), file)],
  ['became a folder', (file) => mkdirSync(file)],
];
if (process.platform !== 'win32') {
  replacements.push(['became a pipe', (file) => execFileSync('mkfifo', [file])]);
}

it.each(replacements)('gives no file that %s after it had started', async (_, replace) => {
  const file = path.join(page, 'late.txt');
  writeFileSync(file, 'early');
  const late = await serveSite(await siteOf(page, model), 0);
  try {
    expect(await (await fetch(`${late.url}late.txt`)).text()).toBe('early');
    await rm(file);
    replace(file);
    const answer = await fetch(`${late.url}late.txt`);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toBe('This file is not here any more.\n');
  } finally {
    await late.close();
    await rm(file, { recursive: true, force: true });
  }
});

it('answers to the names of this machine alone', async () => {
  const { port } = new URL(served.url);
  expect(served.url).toBe(`http://127.0.0.1:${port}/`);
  expect((await ask('/', { host: `LOCALHOST:${port}` })).status).toBe(200);
  for (const host of ['evil.example', `evil.example:${port}`, 'localhost', '127.0.0.1:1']) {
    const { status, body } = await ask('/', { host });
    expect({ host, status, shown: body.includes('doctype') }).toEqual({
      host,
      status: 421,
      shown: false,
    });
  }
});

it('is read alone', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
    const { status, headers } = await ask('/', { method });
    expect({ status, allow: headers['allow'] }).toEqual({ status: 405, allow: 'GET, HEAD' });
  }
  const head = await ask('/model/generator.onnx', { method: 'HEAD' });
  expect(head).toMatchObject({ status: 200, body: '' });
  expect(Number(head.headers['content-length'])).toBe(modelSaying(EXPORTED).length);
});

it('writes all that it serves as a folder, once', async () => {
  const folder = path.join(root, 'made/site');
  const site = await siteOf(page, model, 'My digits');
  await writeSite(site, folder);
  for (const name of site.keys()) {
    const { body } = await ask(`/${name}`);
    const written = await readFile(path.join(folder, name), 'utf8');
    expect(written).toBe(body.replace('"digits"', '"My digits"'));
  }
  await expect(writeSite(site, folder)).rejects.toThrow('exists already');
  const aborted = AbortSignal.abort(new Error('stopped'));
  await expect(writeSite(site, path.join(root, 'other'), aborted)).rejects.toThrow('stopped');
  await expect(readFile(path.join(root, 'other/index.html'))).rejects.toThrow('ENOENT');
});

it('refuses folders without a model that the page can draw with, and says what to do', async () => {
  const refusal = async (name: string, content?: Uint8Array): Promise<string> => {
    const folder = path.join(root, name);
    await mkdir(folder);
    if (content) writeFileSync(path.join(folder, 'generator.onnx'), content);
    const error: unknown = await siteOf(page, folder).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'InvalidOptionError' });
    return String(error).replaceAll(root, '');
  };
  expect(await refusal('empty')).toMatch('There is no file "generator.onnx" in "/empty"');
  expect(await refusal('garbage', Buffer.from('{"a":[1,'))).toMatch('export it again');
  expect(await refusal('other', modelSaying({ made_by: 'pytorch' }))).toMatch('export it again');
  const text = modelSaying({ ...EXPORTED, 'input:text': 'int32 [batch, 77]' });
  expect(await refusal('text', text)).toMatch('is made for "text", and the page can choose');
  await expect(siteOf(path.join(root, 'empty'), model)).rejects.toThrow('npm run build');
});
