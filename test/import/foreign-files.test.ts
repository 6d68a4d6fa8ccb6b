import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readImagesNpz, readNpz, writeNpz } from '@ar-distill/datasets';
import { findPreset, STEP_COMPILER } from '@ar-distill/di';
import type { HostTensors } from '@ar-distill/program';
import { plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as mnist } from '@ar-distill/plugin-mnist';
import { plugin as varPlugin } from '@ar-distill/plugin-var';
import { onPreset, openContext } from '../../packages/workflows/src/context';
import {
  loadPresetModels,
  type ModelFiles,
} from '../../packages/workflows/src/models/preset-models';
import { pluginContainer } from '../plugin-container';
import { framed, pick, type RawFile, readRaw, withHalves, writeRaw } from './case-files';
import { runCommand } from './import-command';

const shipped = path.join(__dirname, '../../plugins/var/assets/mnist');
const teacher = readRaw(path.join(shipped, 'teacher.safetensors'));
const isTransformer = (name: string): boolean => !name.startsWith('quantize');

const folder = mkdtempSync(path.join(tmpdir(), 'foreign-files-'));
const at = (name: string): string => path.join(folder, name);
const scales = at('patch-nums.json');
/** What is kept there is compared: nothing is left of what fails. */
const inputs = at('inputs');
const input = (name: string, raw: RawFile): string => {
  const file = path.join(inputs, name);
  writeRaw(file, raw);
  return file;
};

beforeAll(() => {
  mkdirSync(inputs);
  writeFileSync(scales, '{"patchNums": [1, 2, 3, 4]}');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The command runs with plugins of the tests, and without an engine: nothing can be drawn. */
function run(...args: string[]) {
  const container = pluginContainer(varPlugin, llamagen, mnist);
  container.registerValue(STEP_COMPILER, { createStore: noEngine, compile: noEngine });
  return runCommand(container, ...args);
}

function noEngine(): never {
  throw new Error('There is no engine in this test.');
}

function load(files: ModelFiles) {
  const container = pluginContainer(varPlugin, llamagen, mnist);
  return loadPresetModels(
    onPreset(openContext(container), findPreset(container, 'mnist-var')),
    files,
  );
}

/** The bytes of tensors, by their names, in a form that is quickly compared. */
function sumsOf(tensors: Readonly<HostTensors>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => [
      name,
      `${String(shape)} ${createHash('sha256').update(data).digest('hex')}`,
    ]),
  );
}

describe('weights of other trainers', () => {
  const forms: [string, string, () => string][] = [
    ['module.', ' without module.', wrapped('module.')],
    ['_orig_mod.', ' without _orig_mod.', wrapped('_orig_mod.')],
    ['model.', ' without model.', wrapped('model.')],
    ['ema_model.', ' without ema_model.', wrapped('ema_model.')],
    ['several prefixes', ' without module._orig_mod.', wrapped('module._orig_mod.')],
    ['shards', '(itself)', sharded],
    ['our own file', '(itself)', () => path.join(shipped, 'teacher.safetensors')],
  ];

  it.each(forms)('with %s are imported, and used as they are', async (name, place, write) => {
    const file = write();
    const out = at(`model ${name}`);
    const { code, stdout, stderr } = await run('import', file, '--config', scales, '--out', out);
    expect(stderr).not.toMatch(/Error|Warning/);
    expect(code).toBe(0);
    expect(stdout).toContain(place);
    expect(stdout).toContain('VAR-depth4-width128');
    expect(stdout).toContain('It has the sizes of the preset var:mnist-var.');
    const expected = sumsOf((await load({})).teacherWeights);
    for (const source of [out, file]) {
      expect(sumsOf((await load({ teacher: source })).teacherWeights)).toEqual(expected);
    }
  });

  function wrapped(prefix: string): () => string {
    return () =>
      input(
        `${prefix}safetensors`,
        pick(teacher, isTransformer, (name) => prefix + name),
      );
  }

  function sharded(): string {
    const place = path.join(inputs, 'sharded');
    mkdirSync(place);
    const names = Object.keys(teacher.entries).filter(isTransformer);
    const map: Record<string, string> = {};
    for (const i of [0, 1]) {
      const shard = `model-0000${i + 1}-of-00002.safetensors`;
      const own = names.filter((_, place) => place % 2 === i);
      for (const name of own) map[name] = shard;
      writeRaw(
        path.join(place, shard),
        pick(teacher, (name) => own.includes(name)),
      );
    }
    const index = { metadata: { total_size: 0 }, weight_map: map };
    writeFileSync(path.join(place, 'model.safetensors.index.json'), JSON.stringify(index));
    return place;
  }
});

describe('weights that are no numbers', () => {
  const name = 'blocks.0.ffn.fc1.weight';
  it.each([
    ['NaN', [0x7e00], '1 value that is NaN or infinite'],
    ['infinity', [0x7c00, 0xfc00, 0x3c00], '2 values that are NaN or infinite'],
  ])('(%s) are refused by every command before it works', async (what, halves, sentence) => {
    const file = input(`${what}.safetensors`, withHalves(teacher, name, halves));
    const runs = at(`runs ${what}`);
    const before = readdirSync(folder);
    for (const args of [
      ['import', file, '--config', scales, '--out', at('never')],
      ['sample', '--teacher', file, '--out', at('never.png')],
      ['eval', '--teacher', file],
      ['distill', '--teacher', file, '--out', runs],
    ]) {
      const { code, stderr } = await run(...args);
      expect(stderr).toContain(name);
      expect(stderr).toContain(sentence);
      expect(code).toBe(1);
    }
    expect(readdirSync(folder)).toEqual(before);
  });
});

describe('hostile files', () => {
  const evil = '\u001b[31mEVIL\u001b]0;pwned\u0007\r\nModel directory: /fake\u009b2J\u202e';
  const steering = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/;

  const alone: RawFile = {
    entries: { [evil]: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } },
    body: Buffer.alloc(4),
  };
  const weights = pick(teacher, isTransformer);
  const beside: RawFile = {
    entries: {
      ...weights.entries,
      [evil]: {
        dtype: 'F32',
        shape: [1],
        data_offsets: [weights.body.length, weights.body.length + 4],
      },
    },
    body: Buffer.concat([weights.body, Buffer.alloc(4)]),
  };
  const generator = readRaw(path.join(shipped, 'generator.safetensors'));
  const ofPreset = { ...generator, metadata: { ...generator.metadata, preset: evil } };
  const ofPlugin = { ...generator, metadata: { ...generator.metadata, plugin: evil } };

  it.each<[string, RawFile]>([
    ['a tensor', alone],
    ['a tensor beside others', beside],
    ['a preset', ofPreset],
    ['a plugin', ofPlugin],
  ])('do not reach the terminal with the name of %s', async (what, raw) => {
    const file = input(`evil ${what}.safetensors`, raw);
    for (const args of [
      ['import', file, '--config', scales, '--out', at('never')],
      ['import', file, '--key', evil],
      ['sample', '--weights', file, '--count', '1', '--out', at('grid.png')],
      ['sample', '--teacher', file, '--count', '1', '--out', at('grid.png')],
      ['sample', '--preset', evil],
    ]) {
      const { stdout, stderr } = await run(...args);
      expect(stdout + stderr).not.toMatch(steering);
      expect(stdout + stderr).not.toMatch(/^Model directory: \/fake/m);
    }
  });

  it.each<[string, string, unknown]>([
    ['a billion layers', 'depth', 1e9],
    ['one layer more than there are', 'depth', 5],
    ['one layer less', 'depth', 3],
    ['a billion layers of the head', 'headDepth', 1e9],
    ['a width of 2^40', 'width', 2 ** 40],
    ['a scale of 2^40', 'patchNums', [1, 2, 3, 2 ** 40]],
    ['many scales', 'patchNums', Array.from({ length: 100_000 }, (_, i) => i + 1)],
  ])('do not build a network with %s', async (_what, key, value) => {
    const stated = JSON.parse(generator.metadata!['architecture']!) as object;
    const architecture = JSON.stringify({ ...stated, [key]: value });
    const metadata = { ...generator.metadata, architecture };
    const file = input(`deep ${key}.safetensors`, { ...generator, metadata });
    const started = performance.now();
    const { code, stderr } = await run('sample', '--weights', file, '--out', at('never.png'));
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: .*\.\n$/);
    expect(stderr).not.toContain('no engine');
  });

  it('are not parsed when they are nested or very long', async () => {
    const file = path.join(inputs, 'nested.safetensors');
    for (const header of ['{"a":'.repeat(3 << 20), `{"a":[${'[],'.repeat(5 << 20)}[]]}`]) {
      writeFileSync(file, framed(header));
      const { code, stderr } = await run('import', file);
      expect(code).toBe(1);
      expect(stderr).toMatch(/"[^"]+nested\.safetensors": the safetensors header is not one: it /);
    }
    writeFileSync(file, framed('{"a":'.repeat(12 << 20)));
    expect((await run('import', file)).stderr).toContain('more than the file or the format allows');
    expect(readFileSync(file).length).toBeGreaterThan(60 << 20);
  });
});

describe('what is no file of weights', () => {
  beforeAll(() => {
    execFileSync('mkfifo', [at('pipe')]);
    mkdirSync(at('empty'));
    writeFileSync(at('garbage.pth'), '[1, 2');
    writeFileSync(at('nothing.npz'), '');
  });

  const options: string[][] = [
    ['import'],
    ['import', path.join(shipped, 'teacher.safetensors'), '--config'],
    ...['sample', 'eval', 'distill', 'adapt'].flatMap((command) =>
      ['--teacher', '--tokenizer'].map((option) => [command, option]),
    ),
    ...['sample', 'eval'].map((command) => [command, '--weights']),
    ['eval', '--npz'],
  ];
  it.each(options)('is refused by %s %s', async (...option) => {
    const before = readdirSync(folder);
    for (const name of ['pipe', 'empty', 'garbage.pth', 'nothing.npz', 'nope.pth', 'nope.npz']) {
      const { code, stdout, stderr } = await run(...option, at(name));
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^Error: [^\n]*\.\n$/);
      expect(stderr).not.toMatch(/ENOENT|EISDIR|no engine|fetch/);
      expect([1, 2]).toContain(code);
      if (name.startsWith('nope')) expect(code).toBe(2);
    }
    expect(readdirSync(folder)).toEqual(before);
  });

  it.each([
    ['of another size', [50, 16, 64, 1], '32×32×1, and these are 16×64×1'],
    ['with other channels', [50, 16, 16, 4], '32×32×1, and these are 16×16×4'],
  ])('are images %s, which are not measured', async (what, shape, sentence) => {
    const file = at(`${what}.npz`);
    const [count = 0] = shape;
    const size = shape.reduce((product, length) => product * length);
    await writeNpz(file, {
      images: { shape, data: new Uint8Array(size) },
      labels: { shape: [count], data: new Uint8Array(count) },
    });
    const { code, stderr } = await run('eval', '--npz', file);
    expect(stderr).toContain(sentence);
    expect(code).toBe(2);
  });

  it('is an array beside images, which is not unpacked', async () => {
    const file = at('junk.npz');
    await writeNpz(file, {
      images: { shape: [1, 1, 1, 1], data: Uint8Array.of(255) },
      junk: { shape: [2], data: Uint8Array.of(1, 2) },
    });
    // The junk is no array any more: whoever unpacks it says so.
    const bytes = readFileSync(file);
    const start = bytes.indexOf('junk.npy') + 'junk.npy'.length;
    bytes.fill(0xff, start, start + 20);
    writeFileSync(file, bytes);
    await expect(readNpz(file)).rejects.toThrow('junk.npz');
    expect([...(await readImagesNpz(file)).images.data]).toEqual([1]);
  });
});
