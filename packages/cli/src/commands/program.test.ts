import { definePlugin, distillationSettingsSchema, type Preset } from '@ar-distill/core';
import {
  ApplicationContainer,
  PLUGIN_PROBLEMS,
  PLUGINS,
  PROGRESS_REPORTER,
  STEP_COMPILER,
  type ContainerOptions,
} from '@ar-distill/di';
import { saveModelDirectory } from '@ar-distill/runs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Recipes } from '../recipes/types';
import { runCli } from './program';
import type { CliEnvironment } from './environment';

function refuse(): never {
  throw new Error('These tests create no networks.');
}

const preset: Preset<unknown> = {
  summary: 'for tests',
  architecture: {},
  teacherSampling: { guidanceScale: 0, topK: 0, topP: 1, temperature: 1 },
  distillation: distillationSettingsSchema.parse({
    teacherPoolSize: 1,
    tuning: { headIterations: 0, fullIterations: 0, batchSize: 1, learningRate: 1 },
    generatorIterations: 0,
    batchSize: 1,
    generatorLearningRate: 1,
    guidanceLearningRate: 1,
  }),
};

const plugin = definePlugin<unknown>({
  name: 'fake',
  summary: 'A fake backbone',
  architectureSchema: z.unknown(),
  presets: { 'mnist-var': preset, other: preset },
  createTeacher: refuse,
  createNetwork: refuse,
});

/** Runs the command line on fakes and returns everything that happened. */
async function run(
  args: string,
  recipes: Partial<Recipes> = {},
  variables: CliEnvironment['variables'] = {},
) {
  let stdout = '';
  let stderr = '';
  let disposed = 0;
  const opened: ContainerOptions[] = [];
  const code = await runCli(args === '' ? [] : args.split(' '), {
    cwd: '/project',
    variables,
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    recipes: {
      importCheckpoints: refuse,
      trainTokenizer: refuse,
      trainTeacher: refuse,
      trainClassifier: refuse,
      adapt: refuse,
      distill: refuse,
      sampleImages: refuse,
      evaluateModel: refuse,
      measureSpeed: refuse,
      ...recipes,
    },
    createContainer: (options) => {
      opened.push(options);
      const container = new ApplicationContainer();
      container.registerValue(PLUGINS, {
        packageName: 'ar-distill-plugin-fake',
        version: '3.2.1',
        directory: '/plugins/fake',
        nodeModules: '/plugins',
        definition: plugin,
      });
      container.registerValue(PLUGIN_PROBLEMS, {
        packageName: 'ar-distill-plugin-broken',
        directory: '/plugins/broken',
        nodeModules: '/plugins',
        message: 'The plugin "ar-distill-plugin-broken" is broken: mend it.',
      });
      container.registerValue(STEP_COMPILER, { createStore: refuse, compile: refuse });
      container.registerValue(PROGRESS_REPORTER, { update: () => {}, message: () => {} });
      container.onDispose(async () => void disposed++);
      return container;
    },
  });
  return { code, stdout, stderr, disposed, opened };
}

const WARNING = 'Warning: The plugin "ar-distill-plugin-broken" is broken: mend it.\n';

describe('the command line', () => {
  it('prints help and version', async () => {
    const help = await run('--help');
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(/distill .*\n(.*\n)*Examples:\n {2}\$ ar-distill doctor/);
    const version = await run('--version');
    expect(version.code).toBe(0);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('has help with examples for every command', async () => {
    const { stdout } = await run('help');
    const names = stdout.match(/^ {2}([a-z]+) .*/gm)?.map((line) => line.trim().split(/\s/)[0]);
    expect(names).toEqual(
      expect.arrayContaining([
        ...['plugins', 'import', 'train', 'adapt', 'distill', 'sample', 'eval', 'doctor'],
      ]),
    );
    const commands = ['plugins', 'train', 'train tokenizer', 'train teacher', 'train classifier'];
    for (const command of [...commands, 'adapt', 'distill', 'sample', 'eval', 'doctor']) {
      const help = await run(`${command} --help`);
      expect(help.code).toBe(0);
      expect(help.stdout).toContain('Examples:\n  $ ar-distill ');
    }
  });

  it.each([
    ['', /Usage: ar-distill/],
    ['distil', /^Error: unknown command 'distil'\n\(Did you mean distill\?\)/],
    ['sample --cuont 3', /^Error: unknown option '--cuont'\n\(Did you mean --count\?\)/],
    [
      'sample --count many',
      /^Error: .*'--count <n>' argument 'many' is invalid. It must be a number/,
    ],
    ['sample --count -3', /^Error: --count on the command line is wrong: too small/],
    ['distill --set tuning=3', /^Error: The setting "tuning" on the command line is wrong/],
    ['distill --set nonsense', /must have the form key=value/],
    ['adapt --data imagenet', /^Error: --data on the command line is wrong/],
    ['adapt --set fineTuning.seed=3', /"fineTuning.seed".*/],
    ['train', /Usage: ar-distill train/],
  ])('exits with 2 for %j', async (args, message) => {
    const { code, stderr, stdout } = await run(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });

  it('lists plugins, presets and problems', async () => {
    const { code, stdout, stderr, disposed } = await run('plugins');
    expect({ code, disposed, stderr }).toEqual({ code: 0, disposed: 1, stderr: WARNING });
    expect(stdout).toBe(
      'fake  A fake backbone\n' +
        '  ar-distill-plugin-fake 3.2.1 in /plugins/fake\n' +
        '    mnist-var  for tests\n' +
        '    other      for tests\n',
    );
  });

  it('hands flags, preset and engine options to the distillation', async () => {
    const distill = jest.fn<ReturnType<Recipes['distill']>, Parameters<Recipes['distill']>>(
      async () => ({ run: 'runs/3', weights: 'runs/3/generator.safetensors', report: 'r.md' }),
    );
    const { code, stdout, opened, disposed } = await run(
      'distill --preset fake:other --no-report --seed 5 --iterations 9 --objective dmd ' +
        '--set tuning.batchSize=32 --set stepWeights=[3,1] --threads 2 --backend cpu --plugins-dir p',
      { distill },
    );
    expect({ code, disposed }).toEqual({ code: 0, disposed: 1 });
    expect(opened).toEqual([
      { cwd: '/project', pluginFolders: ['/project/p'], engine: { threads: 2, backend: 'cpu' } },
    ]);
    const [context, options] = distill.mock.calls[0]!;
    expect(context.plugin.name).toBe('fake');
    expect(context.presetName).toBe('other');
    expect(options).toMatchObject({
      report: false,
      settings: {
        seed: 5,
        generatorIterations: 9,
        objective: 'dmd',
        stepWeights: [3, 1],
        tuning: { batchSize: 32 },
      },
    });
    expect(stdout).toBe('Run: runs/3\nWeights: runs/3/generator.safetensors\nReport: r.md\n');
  });

  it('samples the default preset with defaults', async () => {
    const sampleImages = jest.fn<
      ReturnType<Recipes['sampleImages']>,
      Parameters<Recipes['sampleImages']>
    >(async (context) => {
      context.print('hello');
      return { secondsPerImage: 0.001234 };
    });
    const { stdout, stderr } = await run('sample --classes 3,8', { sampleImages });
    expect(sampleImages.mock.calls[0]![0].presetName).toBe('mnist-var');
    expect(sampleImages.mock.calls[0]![1]).toEqual({
      classes: [3, 8],
      count: 100,
      seed: 0,
      out: 'samples.png',
    });
    expect(stdout).toBe('hello\n100 images in samples.png, 0.00123 s per image\n');
    expect(stderr).toBe(WARNING);
  });

  it('evaluates', async () => {
    const evaluateModel: Recipes['evaluateModel'] = async () => ({
      fid: 4.5678,
      classAccuracy: 0.9,
    });
    const { stdout } = await run('eval --samples 10', { evaluateModel });
    expect(stdout).toBe('FID-MNIST 4.568, class accuracy 90.00%\n');
  });

  it('compares speeds', async () => {
    const measureSpeed: Recipes['measureSpeed'] = async () => [
      { batchSize: 1, decoded: false, teacherSeconds: 0.03, generatorSeconds: 0.002 },
    ];
    const { stdout } = await run('eval --speed', { measureSpeed });
    expect(stdout.replaceAll(/ +/g, ' ')).toContain('| 1 | sequences | 30.0 | 2.00 | 15.0× |\n');
  });

  it('imports files with all plugins at hand', async () => {
    const importCheckpoints = jest.fn<
      ReturnType<Recipes['importCheckpoints']>,
      Parameters<Recipes['importCheckpoints']>
    >(async ({ print }) => {
      print('a table');
      return { folder: 'models/x' };
    });
    const { code, stdout, disposed } = await run(
      'import a.pth b.pth --plugin fake --out m --config c.json --key ema',
      { importCheckpoints },
    );
    const [context, options] = importCheckpoints.mock.calls[0]!;
    expect(context.plugins).toEqual([plugin]);
    expect(options).toEqual({
      files: ['a.pth', 'b.pth'],
      plugin: 'fake',
      key: 'ema',
      out: 'm',
      config: 'c.json',
    });
    expect({ code, stdout, disposed }).toEqual({ code: 0, stdout: 'a table\n', disposed: 1 });
    expect((await run('import')).code).toBe(2);
  });

  it('takes the preset from the model directory of the teacher', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'program-'));
    const description = { plugin: 'fake', preset: 'other', components: [], architecture: {} };
    await saveModelDirectory(join(folder, 'model'), description, []);
    const sampleImages = jest.fn<
      ReturnType<Recipes['sampleImages']>,
      Parameters<Recipes['sampleImages']>
    >(async () => ({ secondsPerImage: 1 }));
    const recipes = { sampleImages };
    await run(`sample --teacher ${folder}/model`, recipes);
    await run(`sample --teacher ${folder}/model --preset mnist-var`, recipes);
    await run('sample --teacher', recipes);
    await rm(folder, { recursive: true });
    const seen = sampleImages.mock.calls.map(([{ presetName }, { teacher }]) => [
      presetName,
      teacher,
    ]);
    expect(seen).toEqual([
      ['other', `${folder}/model`],
      ['mnist-var', `${folder}/model`],
      ['mnist-var', true],
    ]);
  });

  it('trains each network', async () => {
    const calls: unknown[] = [];
    const record =
      (name: string) =>
      async (_context: unknown, options: object): Promise<{ run: string; weights: string }> => {
        calls.push([name, options]);
        return { run: 'r', weights: 'w' };
      };
    const recipes = {
      trainTokenizer: record('tokenizer'),
      trainTeacher: record('teacher'),
      trainClassifier: record('classifier'),
    };
    await run('train tokenizer --set learningRate=1e-3', recipes);
    await run('train teacher --tokenizer t.safetensors --batch-size 8', recipes);
    const { stdout, stderr } = await run('train classifier --seed 1', recipes);
    expect(calls).toEqual([
      ['tokenizer', { settings: { learningRate: 0.001 } }],
      ['teacher', { tokenizer: 't.safetensors', batchSize: 8 }],
      ['classifier', { seed: 1 }],
    ]);
    expect({ stdout, stderr }).toEqual({ stdout: 'Run: r\nWeights: w\n', stderr: '' });
  });

  it('hands nested settings to the adaptation', async () => {
    const adapt = jest.fn<ReturnType<Recipes['adapt']>, Parameters<Recipes['adapt']>>(async () => ({
      run: 'r',
      weights: 'r/teacher.safetensors',
    }));
    const { stdout } = await run(
      'adapt --preset other --data mnist --seed 2 --iterations 7 --set regression.iterations=5',
      { adapt },
    );
    expect(adapt.mock.calls[0]![1]).toEqual({
      preset: 'other',
      data: 'mnist',
      settings: { seed: 2, fineTuning: { iterations: 7 }, regression: { iterations: 5 } },
    });
    expect(stdout).toBe('Run: r\nWeights: r/teacher.safetensors\n');
  });

  it('prints one sentence for a failure, the stack when debugging, and stops the engine', async () => {
    const distill: Recipes['distill'] = async () => {
      throw new Error('The weights are missing: train them.', { cause: new Error('ENOENT') });
    };
    const plain = await run('distill', { distill });
    expect(plain).toMatchObject({ code: 1, stdout: '', disposed: 1 });
    expect(plain.stderr).toBe(`${WARNING}Error: The weights are missing: train them.\n`);
    const debug = await run('distill', { distill }, { AR_DISTILL_DEBUG: '1' });
    expect(debug.stderr).toMatch(/Error: The weights .*\n +at .*[\s\S]*Caused by: Error: ENOENT/);
  });

  it('names a preset that nobody has', async () => {
    const { code, stderr } = await run('sample --preset nope');
    expect(code).toBe(1);
    expect(stderr).toContain('Error: No plugin has a preset "nope"; there are mnist-var, other.\n');
  });

  it('exits with 130 when interrupted, whether the recipe throws or returns', async () => {
    const interrupted = (end: () => never | { fid: number; classAccuracy: number }) =>
      run('eval', {
        evaluateModel: async ({ signal }) => {
          const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
          process.emit('SIGINT');
          await aborted;
          return end();
        },
      });
    const thrown = await interrupted(() => {
      throw new Error('Stopped at iteration 7; resume with --resume runs/3.');
    });
    expect(thrown).toMatchObject({ code: 130, disposed: 1 });
    expect(thrown.stderr).toContain('\nStopped at iteration 7; resume with --resume runs/3.\n');
    const returned = await interrupted(() => ({ fid: 1, classAccuracy: 1 }));
    expect(returned).toMatchObject({ code: 130, disposed: 1, stdout: '' });
  });
});
