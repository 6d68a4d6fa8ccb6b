import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TypedContainer } from '@ar-distill/di';
import * as workflows from '@ar-distill/workflows';
import type { Workflows } from '../../packages/ar-distill/src/commands/environment';
import { runCli } from '../../packages/ar-distill/src/commands/program';
import { EXPORTED, modelSaying } from '../../packages/playground/test-support/described-model';

type Exported = NonNullable<Parameters<Workflows['exportModel']>[1]>;

const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-play-'));
const pageFolder = path.join(root, 'page');
const model = path.join(root, 'digits');
const site = path.join(root, 'site');
let exports: Exported[];
let teacherError: Error | undefined;

beforeAll(() => {
  mkdirSync(pageFolder);
  writeFileSync(path.join(pageFolder, 'index.html'), '<!doctype html>');
  writeModel(model);
});
beforeEach(() => {
  exports = [];
  teacherError = undefined;
});
afterAll(() => rmSync(root, { recursive: true }));

function writeModel(folder: string): void {
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'generator.onnx'), modelSaying(EXPORTED));
}

const exportModel: Workflows['exportModel'] = async (_container, options, workflow) => {
  exports.push(options);
  if (options.teacher && teacherError) throw teacherError;
  workflow?.onEvent?.({ kind: 'ready', writes: [options.out!] });
  workflow?.signal?.throwIfAborted();
  writeModel(options.out!);
  return { folder: options.out!, bytes: 0 };
};

/** Runs the command; `onResult` is called with the document that it prints. */
async function play(
  args: readonly string[],
  onResult: (document: unknown) => void = () => undefined,
) {
  const written = { stdout: '', stderr: '' };
  const code = await runCli(['play', ...args, '--json'], {
    cwd: root,
    variables: {},
    stdout: {
      write: (text) => {
        written.stdout += text;
        onResult(JSON.parse(text));
      },
    },
    stderr: { write: (text) => (written.stderr += text) },
    workflows: { ...workflows, exportModel },
    pageFolder,
    createContainer: () => new TypedContainer(),
  });
  return { code, ...written };
}

/** Starts it, asks for a file, and presses Ctrl-C. */
async function asked(args: readonly string[], file: string) {
  let answer: Promise<unknown> | undefined;
  const ended = await play(args, (document) => {
    const { url } = document as { url: string };
    answer = fetch(url + file).then(async (response) => {
      const text = await response.text();
      process.emit('SIGINT');
      return text;
    });
  });
  return { ...ended, answer: await answer, url: JSON.parse(ended.stdout).url };
}

it('serves what was exported until Ctrl-C, and says where', async () => {
  const ended = await asked([model, '--port', '0'], 'model/model.json');
  expect(ended.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  expect(JSON.parse(String(ended.answer))).toMatchObject({ name: 'digits', numClasses: 10 });
  expect(ended.code).toBe(130);
  expect(ended.stderr).toMatch(/The playground is closed\.\n$/);
  await expect(fetch(ended.url)).rejects.toThrow();
  expect(exports).toEqual([]);
});

it('exports what ships with the default preset, and removes it afterwards', async () => {
  const ended = await asked(['--port', '0'], 'model/model.json');
  expect(JSON.parse(String(ended.answer))).toMatchObject({ name: 'mnist-var' });
  expect(exports).toMatchObject([{ defaultPreset: 'mnist-var', onnx: 'fp32', teacher: true }]);
  expect(existsSync(path.dirname(exports[0]!.out!))).toBe(false);
});

it('leaves a teacher out that cannot be exported, and nothing else', async () => {
  teacherError = new workflows.InvalidOptionError('It has none.', { options: ['teacher'] });
  const { code } = await play(['--preset', 'a', '--static', path.join(root, 'without')]);
  expect(code).toBe(0);
  expect(exports.map(({ preset, teacher }) => [preset, teacher])).toEqual([
    ['a', true],
    ['a', false],
  ]);
  teacherError = new workflows.InvalidOptionError('There is no preset "b".');
  const refused = await play(['--preset', 'b', '--static', path.join(root, 'other')]);
  expect(refused).toMatchObject({ code: 2, stderr: 'Error: There is no preset "b".\n' });
});

it('rehearses: checks the model, or its export, and leaves nothing', async () => {
  const { code, stdout } = await play(['--preset', 'a', '--dry-run']);
  expect({ code, ...JSON.parse(stdout) }).toEqual({
    code: 0,
    writes: [],
    config: { preset: 'a' },
  });
  expect(existsSync(path.dirname(exports[0]!.out!))).toBe(false);
  const folder = path.join(root, 'rehearsed');
  const written = await play([model, '--static', folder, '--dry-run']);
  expect(JSON.parse(written.stdout).writes).toEqual([folder]);
  expect(existsSync(folder)).toBe(false);
  expect(exports).toHaveLength(1);
  expect((await play(['nowhere', '--dry-run'])).code).toBe(2);
});

it('takes a config file, and prints one', async () => {
  writeFileSync(path.join(root, 'play.yaml'), 'port: 0\npreset: a\n');
  const { stdout } = await play(['--config', 'play.yaml', '--preset', 'b', '--print-config']);
  expect(JSON.parse(stdout)).toEqual({ config: { port: 0, preset: 'b' } });
  expect(exports).toEqual([]);
});

it('writes a static site once', async () => {
  const { code, stdout } = await play([model, '--static', site]);
  expect({ code, ...JSON.parse(stdout) }).toEqual({
    code: 0,
    folder: site,
    files: ['index.html', 'model/generator.onnx', 'model/model.json'],
  });
  expect(readFileSync(path.join(site, 'index.html'), 'utf8')).toBe('<!doctype html>');
  const again = await play([model, '--static', site]);
  expect(again.code).toBe(2);
  expect(again.stderr).toMatch(
    /site" exists already: remove it, or name another folder as --static/,
  );
});

it.each([
  [[model, '--preset', 'a'], '--preset is for exporting'],
  [[model, '--threads', '2'], '--threads is for exporting'],
  [[model, '--static', 'new', '--port', '0'], '--port is for serving'],
  [[model, '--port', '65536'], '--port'],
  [['nowhere'], 'There is no file "generator.onnx" in "nowhere"'],
])('refuses %j', async (args, sentence) => {
  const { code, stderr } = await play(args);
  expect(code).toBe(2);
  expect(stderr).toContain(sentence);
});

it('takes no port that others have', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as AddressInfo;
  const { code, stderr } = await play([model, '--port', String(port)]);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `Error: The port ${port} is taken, or kept for others: name another with --port, or 0 for any that is free.\n`,
  });
  other.close();
});
