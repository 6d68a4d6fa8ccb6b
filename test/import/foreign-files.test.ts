import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findPreset, STEP_COMPILER } from '@ar-distill/di';
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
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain(place);
    expect(stdout).toContain('VAR-depth4-width128');
    expect(stdout).toContain('It has the sizes of the preset var:mnist-var.');
    const expected = (await load({})).teacherWeights;
    for (const source of [out, file]) {
      expect((await load({ teacher: source })).teacherWeights).toEqual(expected);
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
  // eslint-disable-next-line no-control-regex
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

  it.each([
    ['depth', 1e9],
    ['depth', 5],
    ['depth', 3],
    ['headDepth', 1e9],
    ['width', 2 ** 40],
    ['patchNums', Array.from({ length: 100_000 }, (_, i) => i + 1)],
  ])('do not build a network with the %s %j', async (key, value) => {
    const stated = JSON.parse(generator.metadata!['architecture']!) as object;
    const architecture = JSON.stringify({ ...stated, [key]: value });
    const metadata = { ...generator.metadata, architecture };
    const file = input(`deep ${key}.safetensors`, { ...generator, metadata });
    const started = performance.now();
    const { code, stderr } = await run('sample', '--weights', file, '--out', at('never.png'));
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: .*\.\n$/);
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
