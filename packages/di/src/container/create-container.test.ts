import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { float32 } from '@ar-distill/program';
import { createContainer } from './create-container';
import { createToken } from './service-container';
import {
  BACKBONES,
  DATASETS,
  ENGINE,
  ENGINE_BACKENDS,
  FEATURE_NETWORKS,
  METHODS,
  METRICS,
  PLUGIN_PROBLEMS,
  PLUGINS,
  PRESETS,
  PROGRESS,
  RNG_FACTORY,
  RUN_DIRECTORIES,
  STEP_COMPILER,
} from './tokens';
import { TypedContainer } from './typed-container';

describe('TypedContainer', () => {
  it('resolves the last value, or all of them', () => {
    const token = createToken<number>('COUNT');
    const container = new TypedContainer();
    container.registerValue(token, 1);
    container.registerValue(token, 2);
    expect(container.resolve(token)).toBe(2);
    expect(container.resolveAll(token)).toEqual([1, 2]);
    expect(new TypedContainer().resolveAll(token)).toEqual([]);
  });

  it('makes lazy values once, when asked for', () => {
    const token = createToken<object>('OBJECT');
    const container = new TypedContainer();
    const create = jest.fn(() => ({}));
    container.registerLazy(token, create);
    expect(create).not.toHaveBeenCalled();
    expect(container.resolve(token)).toBe(container.resolve(token));
    expect(create).toHaveBeenCalledTimes(1);
  });

  it('names what is not registered', () => {
    const token = createToken<number>('COUNT');
    expect(() => new TypedContainer().resolve(token)).toThrow('Nothing is registered for "COUNT".');
  });
});

const WORKSPACE = join(__dirname, '../../../..');

describe('createContainer', () => {
  let cwd: string;
  let container: TypedContainer;
  beforeAll(() => {
    cwd = mkdtempSync(join(tmpdir(), 'ar-distill-container-'));
    const folder = join(cwd, 'node_modules/ar-distill-plugin-broken');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(cwd, 'package.json'),
      '{"devDependencies":{"ar-distill-plugin-broken":"1.0.0"}}',
    );
    writeFileSync(join(folder, 'package.json'), '{"version":"1.0.0"}');
    writeFileSync(join(folder, 'index.js'), 'module.exports = 3');
    container = createContainer({
      cwd,
      pluginFolders: [WORKSPACE],
      engine: { backend: 'cpu', worker: false },
    });
  });
  afterAll(async () => {
    await container.dispose();
    rmSync(cwd, { recursive: true, force: true });
  });

  const namesOf = <T extends { readonly name: string }>(all: readonly T[]): string[] =>
    all.map(({ name }) => name);

  it('finds plugins of a given folder and registers what they contribute', () => {
    const plugins = container.resolveAll(PLUGINS).map(({ definition }) => definition.name);
    expect(plugins).toEqual(expect.arrayContaining(['llamagen', 'mnist', 'toy', 'var']));
    expect(namesOf(container.resolveAll(BACKBONES))).toEqual(['llamagen', 'toy', 'var']);
    expect(namesOf(container.resolveAll(PRESETS))).toEqual(
      expect.arrayContaining(['mnist-var', 'toy-joint', 'llamagen-L']),
    );
    expect(container.resolveAll(DATASETS)).toMatchObject([{ name: 'mnist', plugin: 'mnist' }]);
    expect(container.resolveAll(FEATURE_NETWORKS)).toMatchObject([
      { name: 'mnist-classifier', plugin: 'mnist' },
    ]);
  });

  it('brings metrics and methods of its own', () => {
    expect(namesOf(container.resolveAll(METHODS))).toEqual(['csd', 'dd1']);
    expect(namesOf(container.resolveAll(METRICS))).toContain('frechet-distance');
  });

  it('starts the backend that is asked for, or one that the application registers', async () => {
    const engine = { createStore: jest.fn(), compile: jest.fn(), profile: jest.fn() };
    const dispose = jest.fn(async () => undefined);
    const own = createContainer({ cwd, engine: { backend: 'mine', threads: 3 } });
    const create = jest.fn(() => ({ ...engine, dispose }));
    own.registerValue(ENGINE_BACKENDS, { name: 'mine', create });
    own.resolve(STEP_COMPILER);
    own.resolve(STEP_COMPILER);
    expect(create.mock.calls).toEqual([[{ threads: 3 }]]);
    await own.dispose();
    expect(dispose).toHaveBeenCalledTimes(1);
    expect(() => createContainer({ cwd, engine: { backend: 'cpo' } }).resolve(ENGINE)).toThrow(
      'There is no engine backend "cpo": did you mean "cpu"?',
    );
  });

  it('registers broken plugins as problems', () => {
    expect(container.resolveAll(PLUGIN_PROBLEMS)).toEqual([
      expect.objectContaining({ packageName: 'ar-distill-plugin-broken' }),
    ]);
  });

  it("binds core's ports", async () => {
    const compiler = container.resolve(STEP_COMPILER);
    expect(compiler).toBe(container.resolve(ENGINE));
    const step = await compiler.compile({
      name: 'double',
      inputs: { x: { shape: [2], dtype: 'float32' } },
      fn: ({ inputs }) => ({ outputs: { y: tf.mul(inputs['x']!, 2) } }),
    });
    const { y } = await step.run({ x: float32([2], Float32Array.of(1, 2)) });
    expect([...y!.data]).toEqual([2, 4]);
    const rng = container.resolve(RNG_FACTORY)(7);
    expect(rng.seed).toBe(7);
    expect(container.resolve(PROGRESS).update).toBeInstanceOf(Function);
    const run = await container.resolve(RUN_DIRECTORIES).create(join(cwd, 'runs'), 'test', {});
    expect(await run.loadCheckpoint()).toBeUndefined();
    await run.close();
  });
});
