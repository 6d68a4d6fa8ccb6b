import type { ContainerOptions } from '@ar-distill/di';
import {
  BACKBONES,
  ENGINE,
  ENGINE_BACKENDS,
  PLUGIN_PROBLEMS,
  PLUGINS,
  PRESETS,
  type ServiceContainer,
  TypedContainer,
} from '@ar-distill/di';
import { type Backbone, definePlugin, type Preset } from '@ar-distill/core';
import { InvalidOptionError, InvalidSettingError, type SampleResult } from '@ar-distill/workflows';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { CliEnvironment, TextOutput, Workflows } from './environment';
import { runCli } from './program';

function refuse(): never {
  throw new Error('These tests create no networks.');
}

const backbone: Backbone = {
  name: 'fake',
  summary: 'A fake backbone',
  architectureSchema: z.unknown(),
  createTeacher: refuse,
  createNetwork: refuse,
};

const preset: Preset = {
  summary: 'for tests',
  backbone: 'fake',
  architecture: {},
  teacherSampling: { guidanceScale: 0, topK: 0, topP: 1, temperature: 1 },
  methods: {},
};

const plugin = definePlugin({
  name: 'fake',
  summary: 'A fake plugin',
  backbones: [backbone],
  presets: { 'mnist-var': preset, other: { ...preset, adaptation: {} } },
});

/** Runs the command line on fakes and returns everything that happened. */
async function run(
  args: string,
  workflows: Partial<Workflows> = {},
  variables: CliEnvironment['variables'] = {},
  pluginError?: Error,
  terminal: Pick<TextOutput, 'isTTY'> = {},
) {
  let stdout = '';
  let stderr = '';
  let disposed = 0;
  const opened: ContainerOptions[] = [];
  const code = await runCli(args === '' ? [] : args.split(' '), {
    cwd: '/project',
    variables,
    stdout: { write: (text) => (stdout += text) },
    stderr: { ...terminal, write: (text) => (stderr += text) },
    workflows: {
      importCheckpoints: refuse,
      planStudy: refuse,
      study: refuse,
      trainTokenizer: refuse,
      trainTeacher: refuse,
      trainFeatures: refuse,
      adapt: refuse,
      distill: refuse,
      planDistillation: refuse,
      sample: refuse,
      evaluate: refuse,
      exportModel: refuse,
      measureSpeed: refuse,
      ...workflows,
    },
    createContainer: (options) => {
      opened.push(options);
      if (pluginError) throw pluginError;
      const container = new TypedContainer();
      container.registerValue(ENGINE_BACKENDS, { name: 'cpu', create: refuse });
      container.registerValue(PLUGINS, {
        packageName: 'ar-distill-plugin-fake',
        version: '3.2.1',
        directory: '/plugins/fake',
        requiredFrom: '/package.json',
        request: 'ar-distill-plugin-fake',
        definition: plugin,
      });
      container.registerValue(BACKBONES, { name: 'fake', plugin: 'fake', value: backbone });
      for (const [name, value] of Object.entries(plugin.presets!)) {
        container.registerValue(PRESETS, { name, plugin: 'fake', value });
      }
      container.registerValue(PLUGIN_PROBLEMS, {
        packageName: 'ar-distill-plugin-broken',
        message: 'The plugin "ar-distill-plugin-broken" is broken: mend it.',
      });
      const engine = { createStore: refuse, compile: refuse, profile: refuse, dispose: refuse };
      container.registerLazy(
        ENGINE,
        () => engine,
        async () => void disposed++,
      );
      // Every workflow here counts as one that has started the engine.
      container.resolve(ENGINE);
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
    const commands = ['plugins', 'train', 'train tokenizer', 'train teacher', 'train features'];
    for (const command of [...commands, 'adapt', 'distill', 'sample', 'eval', 'doctor']) {
      const help = await run(`${command} --help`);
      expect(help.code).toBe(0);
      expect(help.stdout).toContain('Examples:\n  $ ar-distill ');
    }
  });

  it.each([
    ['', /Usage: ar-distill/],
    ['distil', /^Error: There is no command "distil": did you mean "distill"\?\n$/],
    ['zzzzzz', /^Error: There is no command "zzzzzz": add --help to see what there is\.\n$/],
    ['sample --cuont 3', /^Error: There is no option "--cuont": did you mean "--count"\?\n$/],
    ['sample --count', /^Error: --count needs a value: write --count <n>\.\n$/],
    [
      'sample --quick',
      /^Error: There is no option "--quick": add --help to see what there is\.\n$/,
    ],
    [
      'sample a b',
      /^Error: "sample" takes 0 arguments, not 2: add --help to see what there is\.\n$/,
    ],
    ['import', /^Error: The argument <file> is missing: add --help to see what there is\.\n$/],
    ['sample --count many', /^Error: --count is wrong: expected a number, not "many"\.\n$/],
    ['sample --classes 1,x', /^Error: --classes is wrong: expected numbers with commas between/],
    ['sample --count -3', /^Error: --count .* is wrong: expected a number above 0, not -3\.\n$/],
    [
      'distill --set nonsense',
      /^Error: --set is wrong: expected the form key=value, not "nonsense"/,
    ],
    [
      'distill --set batchSize=4 --batch-size 8',
      /^Error: --batch-size and --set batchSize give one setting: leave one out\.\n$/,
    ],
    [
      'adapt --iterations 3 --set fineTuning.iterations=3',
      /^Error: --iterations and --set fineTuning\.iterations give one setting: leave one out\.\n$/,
    ],
    [
      'distill --set architecture=3',
      /^Error: The setting "architecture" on the command line is wrong: expected an object\.\n$/,
    ],
    [
      'distill --set adaptation=3',
      /^Error: The setting "adaptation" on the command line is wrong: expected an object\.\n$/,
    ],
    ['distill --set a=[1', /^Error: --set is wrong: expected a value in YAML .*, not "a=\[1"\.\n$/],
    ['sample --backend cpuu', /^Error: There is no engine backend "cpuu": did you mean "cpu"\?/],
    ['distill --name a/b', /^Error: --name on the command line is wrong/],
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
      'fake  A fake plugin\n' +
        '  ar-distill-plugin-fake 3.2.1 in /plugins/fake\n' +
        '    mnist-var  for tests\n' +
        '    other      for tests\n',
    );
  });

  it('takes the examples of help from the installed presets', async () => {
    const { stdout } = await run('adapt --help');
    expect(stdout).toContain('  $ ar-distill adapt --preset other\n');
    expect((await run('sample --help')).stdout).toContain('--preset mnist-var --teacher');
  });

  it('looks for plugins where README.md says that it does', async () => {
    const [, named = ''] = /The help of ([^.]+?)\s+runs them/.exec(
      readFileSync(join(__dirname, '../../../../README.md'), 'utf8'),
    )!;
    const running = [...named.matchAll(/`([^`]+)`/g)].map(([, command]) => command!);
    expect(running).toContain('sample');
    const others = ['', 'plugins', 'import', 'train', 'train features', 'doctor'];
    for (const command of [...running, ...others]) {
      const found = { command, runs: running.includes(command) ? 1 : 0 };
      const help = await run(`${command} --help`.trim());
      expect({ command, runs: help.opened.length }).toEqual(found);
      const other = await run(`help ${command.split(' ')[0]}`.trim());
      expect(other.opened.length).toBe(command.includes(' ') ? 0 : found.runs);
    }
    expect((await run('--version')).opened).toEqual([]);
    expect((await run('plugins')).opened).toHaveLength(1);
  });

  it('shows help whatever is wrong with the plugins', async () => {
    const broken = new Error('Two packages register the plugin "x": remove one of them.');
    const help = await run('sample --help', {}, {}, broken);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('--preset PRESET');
    expect((await run('plugins', {}, {}, broken)).stderr).toContain('remove one of them');
  });

  it('hands flags, preset and engine options to the distillation', async () => {
    const distill = jest.fn(async () => ({
      run: 'runs/3',
      weights: 'runs/3/generator.safetensors',
      report: {
        kind: 'sequences' as const,
        file: 'results.json',
        results: { teacher: { totalVariation: 0.01234 } },
      },
    }));
    const { code, stdout, opened, disposed } = await run(
      'distill --preset fake:other --no-report --seed 5 --iterations 9 --objective dmd ' +
        '--set tuning.batchSize=32 --set stepWeights=[3,1] --set adaptation.heldOut=7 ' +
        '--threads 2 --plugins-dir p',
      { distill },
    );
    expect({ code, disposed }).toEqual({ code: 0, disposed: 1 });
    expect(opened).toEqual([
      { cwd: '/project', pluginFolders: ['/project/p'], engine: { threads: 2 } },
    ]);
    expect(distill).toHaveBeenCalledWith(
      expect.any(TypedContainer),
      expect.objectContaining({
        preset: 'fake:other',
        defaultPreset: 'mnist-var',
        report: false,
        settings: {
          seed: 5,
          generatorIterations: 9,
          objective: 'dmd',
          stepWeights: [3, 1],
          tuning: { batchSize: 32 },
        },
        adaptation: { heldOut: 7 },
      }),
      expect.objectContaining({ signal: expect.any(AbortSignal) }),
    );
    expect(stdout).toBe(
      'teacher: totalVariation 0.0123\n' +
        'Run: runs/3\nWeights: runs/3/generator.safetensors\nReport: results.json\n',
    );
  });

  it('samples with defaults and prints what the workflow tells', async () => {
    const result: SampleResult = {
      images: { shape: [0], dtype: 'float32', data: new Float32Array(0) },
      condition: {},
      evaluations: 1,
      secondsPerImage: 0.001234,
    };
    const sample = jest.fn<ReturnType<Workflows['sample']>, Parameters<Workflows['sample']>>(
      async (_container, _options, workflow) => {
        workflow?.onEvent?.({ kind: 'generator', file: 'g.safetensors', method: 'csd' });
        return result;
      },
    );
    const { stdout, stderr } = await run('sample --classes 3,8', { sample });
    expect(sample.mock.calls[0]![1]).toEqual({
      classes: [3, 8],
      count: 100,
      seed: 0,
      out: 'samples.png',
      defaultPreset: 'mnist-var',
    });
    expect(stdout).toBe(
      'Generator: g.safetensors (made by csd)\nNetwork evaluations per image: 1\n' +
        '100 images in samples.png, 0.00123 s per image\n' +
        'Next: ar-distill eval\n',
    );
    expect(stderr).toBe(WARNING);
  });

  it('evaluates', async () => {
    const evaluate: Workflows['evaluate'] = async () => ({
      count: 10,
      values: { frechetDistance: 4.5678 },
      figures: [{ title: 'FID-X', text: '4.57' }],
      definition: 'In the features of X.',
    });
    const { stdout } = await run('eval --samples 10', { evaluate });
    expect(stdout).toBe(
      'In the features of X.\n10 images:\n  FID-X: 4.57\nNext: ar-distill eval --speed\n',
    );
  });

  it('compares speeds', async () => {
    const measureSpeed: Workflows['measureSpeed'] = async () => [
      {
        batchSize: 1,
        decoded: false,
        teacherEvaluations: 16,
        generatorEvaluations: 1,
        teacherSeconds: 0.03,
        generatorSeconds: 0.002,
      },
    ];
    const { stdout } = await run('eval --speed', { measureSpeed });
    expect(stdout).toMatch(/\| +1 \| sequences \| +16 \| +1 \| +30\.0 \| +2\.00 \| +15\.0× \|\n/);
  });

  it('imports files', async () => {
    const importCheckpoints = jest.fn(async (container: ServiceContainer) => {
      expect(container.resolveAll(BACKBONES)).toHaveLength(1);
      return { folder: 'models/x', bytes: 2 ** 21, networks: [], preset: 'fake:other' };
    });
    const { code, stdout, disposed } = await run(
      'import a.pth b.pth --plugin fake --out m --config c.json --key ema',
      { importCheckpoints },
    );
    expect(importCheckpoints).toHaveBeenCalledWith(
      expect.anything(),
      { files: ['a.pth', 'b.pth'], backbone: 'fake', key: 'ema', out: 'm', config: 'c.json' },
      expect.anything(),
    );
    expect({ code, disposed }).toEqual({ code: 0, disposed: 1 });
    expect(stdout).toBe(
      'Model directory: models/x (2 MiB)\nIt has the sizes of the preset fake:other.\n',
    );
    expect((await run('import')).code).toBe(2);
  });

  it('exports a run, and shows what the model came to', async () => {
    const calls: unknown[] = [];
    const exportModel: Workflows['exportModel'] = async (_container, options) => {
      calls.push(options);
      const rows = [
        { name: 'library', values: {}, secondsPerImage: 0.001 },
        { name: 'fp32', bytes: 2 ** 20, difference: 2e-7, values: {}, secondsPerImage: 0.002 },
      ];
      const onnx = { precision: 'fp32', count: 5, batchSize: 5, columns: [], rows } as const;
      return { folder: 'm', bytes: 3 * 2 ** 20, ...(options.onnx ? { onnx } : {}) };
    };
    const { code, stdout } = await run('export runs/3 --out m --onnx fp32 --samples 5', {
      exportModel,
    });
    expect(code).toBe(0);
    expect(stdout.replaceAll(/ +/g, ' ')).toBe(
      'model MiB max|Δ| ms/image\n─────── ──── ────── ────────\nlibrary – – 1.00\nfp32 1.00 2.0e-7 2.00\nModel directory: m (3 MiB)\n' +
        'Next: ar-distill sample --weights m\n',
    );
    expect((await run('export', { exportModel })).stdout).toBe(
      'Model directory: m (3 MiB)\nNext: ar-distill sample --weights m\n',
    );
    const defaultPreset = 'mnist-var';
    expect(calls).toEqual([
      { run: 'runs/3', out: 'm', onnx: 'fp32', samples: 5, defaultPreset },
      { defaultPreset },
    ]);
    expect((await run('export --onnx fp8', { exportModel })).stderr).toContain('--onnx');
  });

  it('trains each network', async () => {
    const calls: unknown[] = [];
    const record = (name: string) => async (_container: unknown, options: object) => {
      calls.push([name, options]);
      const measured = { testAccuracy: 0.98765 };
      return { run: 'r', weights: 'w', preset: 'fake:other', seconds: 61.4, measured };
    };
    const workflows = {
      trainTokenizer: record('tokenizer'),
      trainTeacher: record('teacher'),
      trainFeatures: record('features'),
    };
    const tokenizer = await run('train tokenizer --set learningRate=1e-3', workflows);
    expect(tokenizer.stdout).toMatch(
      /\nNext: ar-distill train teacher --preset fake:other --tokenizer w\n$/,
    );
    const teacher = await run(
      'train teacher --tokenizer t.safetensors --batch-size 8 --plugins-dir p',
      workflows,
    );
    expect(teacher.stdout).toMatch(
      /\nNext: ar-distill distill --preset fake:other --teacher w --plugins-dir \/project\/p\n$/,
    );
    const { stdout } = await run('train features digits --seed 1', workflows);
    const defaultPreset = 'mnist-var';
    expect(calls).toEqual([
      ['tokenizer', { settings: { learningRate: 0.001 }, defaultPreset }],
      ['teacher', { tokenizer: 't.safetensors', batchSize: 8, pluginsDir: 'p', defaultPreset }],
      ['features', { name: 'digits', seed: 1 }],
    ]);
    expect(stdout).toBe('Trained in 61 s\n  testAccuracy: 0.9877\nRun: r\nWeights: w\n');
  });

  it('hands nested settings to the adaptation', async () => {
    const fidelity = { originalCrossEntropy: 1, crossEntropy: 1, divergence: 0 };
    const adapt = jest.fn<ReturnType<Workflows['adapt']>, Parameters<Workflows['adapt']>>(
      async () => ({
        run: 'r',
        weights: 'r/teacher.safetensors',
        preset: 'fake:other',
        tokenizer: 'my tokenizer.pt',
        relativeError: 0,
        regressed: fidelity,
        fineTuned: fidelity,
      }),
    );
    const { stdout } = await run(
      'adapt --preset other --data digits --seed 2 --iterations 7 --set regression.iterations=5',
      { adapt },
    );
    expect(adapt.mock.calls[0]![1]).toEqual({
      preset: 'other',
      defaultPreset: 'mnist-var',
      data: 'digits',
      settings: { seed: 2, fineTuning: { iterations: 7 }, regression: { iterations: 5 } },
    });
    expect(stdout).toBe(
      'Run: r\nWeights: r/teacher.safetensors\n' +
        "Next: ar-distill distill --preset fake:other --teacher r/teacher.safetensors --tokenizer 'my tokenizer.pt'\n",
    );
  });

  it('prints one sentence for a failure, the stack when debugging, and stops the engine', async () => {
    const distill: Workflows['distill'] = async () => {
      throw new Error('The weights are missing: train them.', { cause: new Error('ENOENT') });
    };
    const plain = await run('distill', { distill });
    expect(plain).toMatchObject({ code: 1, stdout: '', disposed: 1 });
    expect(plain.stderr).toBe(`${WARNING}Error: The weights are missing: train them.\n`);
    const debug = await run('distill', { distill }, { AR_DISTILL_DEBUG: '1' });
    expect(debug.stderr).toMatch(/Error: The weights .*\n +at .*[\s\S]*Caused by: Error: ENOENT/);
  });

  it('exits with 2 for an option that a workflow refuses', async () => {
    const sample: Workflows['sample'] = async () => {
      throw new InvalidOptionError('There is no class 11: the classes are 0 to 9.');
    };
    const { code, stderr } = await run('sample --classes 11', { sample });
    expect(code).toBe(2);
    expect(stderr).toBe(`${WARNING}Error: There is no class 11: the classes are 0 to 9.\n`);
  });

  it('speaks of options as flags, and of settings as of the file that they stand in', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ar-distill-program-'));
    try {
      const config = join(folder, 'run.yaml');
      writeFileSync(config, 'settings: { tuning: { batchSize: 0 } }');
      const distill: Workflows['distill'] = async () => {
        throw new InvalidSettingError(
          ['tuning', 'batchSize'],
          (source) => `The setting "tuning.batchSize"${source} is wrong.`,
        );
      };
      const messages: string[] = [];
      for (const args of [
        `distill --config ${config}`,
        `distill --config ${config} --set tuning.batchSize=-1`,
        'distill',
      ]) {
        const { code, stderr } = await run(args, { distill });
        expect(code).toBe(2);
        messages.push(stderr.replace(WARNING, ''));
      }
      expect(messages).toEqual([
        `Error: The setting "tuning.batchSize" in ${config} is wrong.\n`,
        'Error: The setting "tuning.batchSize" on the command line is wrong.\n',
        'Error: The setting "tuning.batchSize" is wrong.\n',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
    const sample: Workflows['sample'] = async () => {
      throw new InvalidOptionError('"teacherSteps" has no effect beside "seed".', {
        options: ['teacherSteps', 'seed'],
      });
    };
    const { stderr } = await run('sample', { sample });
    expect(stderr).toBe(`${WARNING}Error: --teacher-steps has no effect beside --seed.\n`);
  });

  it('refuses what the speed would be measured without', async () => {
    const { code, stderr } = await run('eval --speed --samples 5');
    expect(code).toBe(2);
    expect(stderr).toBe(
      `${WARNING}Error: --samples has no effect beside --speed, because calls are timed and no images measured: leave one of them out.\n`,
    );
  });

  it.each([
    [{ isTTY: true }, {}, '\u001b[31mError:\u001b[39m The weights'],
    [{ isTTY: true }, { NO_COLOR: '1' }, 'Error: The weights'],
    [{ isTTY: true }, { TERM: 'dumb' }, 'Error: The weights'],
    [{}, {}, 'Error: The weights'],
  ])('colours the word in front only for %j with %j', async (terminal, variables, text) => {
    const distill: Workflows['distill'] = async () => {
      throw new Error('The weights are missing: train them.');
    };
    const { stderr } = await run('distill', { distill }, variables, undefined, terminal);
    expect(stderr).toContain(text);
    expect(stderr.includes('\u001b')).toBe(text.includes('\u001b'));
  });

  it.each([
    ['doctor --from a.whl', '--from says where --install-tensorflow takes TensorFlow: give both.'],
    ['doctor --install-tensorflow tpu', '--install-tensorflow'],
    ['doctor --install-tensorflow', '--install-tensorflow'],
  ])('refuses "%s" before anything is done', async (args, message) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('exits with 130 when interrupted, whether the workflow throws or returns', async () => {
    const result = { count: 0, values: {}, figures: [], definition: '' };
    const interrupted = (end: () => typeof result) =>
      run('eval', {
        evaluate: async (_container, _options, workflow) => {
          const { signal } = workflow!;
          const aborted = new Promise((resolve) => signal!.addEventListener('abort', resolve));
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
    const returned = await interrupted(() => result);
    expect(returned).toMatchObject({ code: 130, disposed: 1, stdout: '' });
  });
});
