import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findPythonWith } from '@ar-distill/bench';
import {
  ArDiffusionGenerator,
  type Backbone,
  definePlugin,
  type GuidanceInput,
  PLAIN_SAMPLING,
  type Preset,
  type SequenceLayout,
  sequenceLength,
  stepOfPosition,
  takingGuidance,
} from '@ar-distill/core';
import { dd1 } from '@ar-distill/core/methods';
import type { ParameterSpecs } from '@ar-distill/nn';
import { llamagenBackbone, plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as varPlugin, varBackbone } from '@ar-distill/plugin-var';
import { createRng, elementCount, float32, type HostTensors } from '@ar-distill/program';
import { saveModel } from '@ar-distill/runs';
import { exportModel, sample, type SampleOptions } from '@ar-distill/workflows';
import { encodeNpy } from '../../packages/datasets/src/npz/npy';
import { pluginContainer } from '../plugin-container';

const COUNT = 7;
const SEED = 5;
/** Of pixels in [0, 1]. */
const TOLERANCE = 1e-4;
const GUIDANCE: GuidanceInput = { range: [0.5, 3], scale: 2 };
const GUIDED = { guidanceScale: 2, lowestGuidance: 0.5, highestGuidance: 3 };

const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-pytorch-'));
const python = findPythonWith('torch', 'safetensors', 'numpy');
const itIn = python === undefined ? it.skip : it;
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Of Distilled Decoding 1: the first AR steps, that emit codes and that a second evaluation keeps. */
interface Emission {
  readonly codeSteps: number;
  readonly secondStart: number;
}

interface Variant {
  readonly backbone: Backbone;
  readonly architecture: object;
  readonly guided?: boolean;
  /** Makes it a generator of Distilled Decoding 1. */
  readonly emission?: Emission;
}

/** Sizes that are not those of the MNIST presets, one for each option of an architecture. */
const VARIANTS: Readonly<Record<string, Variant>> = {
  'var-shared': {
    backbone: varBackbone,
    architecture: {
      sharedAdaLn: true,
      attnL2Norm: false,
      phi: { layers: 1, ratio: 0.3, kernel: 1 },
      mlpRatio: 2.5,
    },
    guided: true,
  },
  'var-raw': {
    backbone: varBackbone,
    architecture: { noiseInput: 'raw', phi: { layers: 0 }, headDepth: 0, headWidth: 8 },
  },
  'var-classifier': {
    backbone: varBackbone,
    architecture: { keepClassifier: true, phi: { layers: 2, ratio: 0.5 } },
  },
  'var-no-phi': {
    backbone: varBackbone,
    architecture: { phi: { ratio: 0 }, patchNums: [2, 3, 4], codeScale: 0.5 },
  },
  'llamagen-grouped': {
    backbone: llamagenBackbone,
    architecture: { heads: 4, keyValueHeads: 2, feedForwardMultiplier: 1.3, ropeBase: 100 },
    guided: true,
  },
  'llamagen-classifier': {
    backbone: llamagenBackbone,
    architecture: { keepClassifier: true, normEpsilon: 1e-3 },
  },
  'var-dd1': {
    backbone: varBackbone,
    architecture: { patchNums: [1, 2, 3, 4], codeScale: 0.5 },
    emission: { codeSteps: 3, secondStart: 2 },
  },
  'var-dd1-shared': {
    backbone: varBackbone,
    architecture: { patchNums: [2, 3, 4], sharedAdaLn: true, attnL2Norm: false, mlpRatio: 2.5 },
    emission: { codeSteps: 1, secondStart: 2 },
  },
  'var-dd1-one-step': {
    backbone: varBackbone,
    architecture: {},
    emission: { codeSteps: 2, secondStart: 0 },
  },
  'llamagen-dd1': {
    backbone: llamagenBackbone,
    architecture: { heads: 4, keyValueHeads: 2, codeScale: 2 },
    emission: { codeSteps: 3, secondStart: 2 },
  },
  'llamagen-dd1-one-step': {
    backbone: llamagenBackbone,
    architecture: { normEpsilon: 1e-3 },
    emission: { codeSteps: 0, secondStart: 0 },
  },
};

/** Every value is drawn: what starts at zero would hide what is behind it. */
function randomWeights(specs: ParameterSpecs, seed: number): HostTensors {
  const rng = createRng(seed);
  return Object.fromEntries(
    Object.entries(specs).map(([name, { shape }]) => {
      const values = rng.normal(name, 0, elementCount(shape));
      return [
        name,
        float32(
          shape,
          values.map((value) => 0.3 * value),
        ),
      ];
    }),
  );
}

/** What a variant distils into. */
function generatorOf({ backbone, guided, emission }: Variant, architecture: object) {
  if (emission) return dd1.createGenerator!(backbone, architecture);
  const made =
    backbone.createGenerator?.(architecture) ??
    new ArDiffusionGenerator(backbone.createNetwork(architecture));
  return guided ? takingGuidance(made, GUIDANCE) : made;
}

/** The masks that a generator of Distilled Decoding 1 has among its weights. */
function masksOf(layout: SequenceLayout, { codeSteps, secondStart }: Emission): HostTensors {
  const before = (steps: number) => {
    const mask = stepOfPosition(layout).map((step) => (step < steps ? 1 : 0));
    return float32([mask.length], Float32Array.from(mask));
  };
  return { 'emitted.isCode': before(codeSteps), 'emitted.isKept': before(secondStart) };
}

/** A preset with random weights of all its networks. */
async function randomPreset(name: string): Promise<Preset> {
  const variant = VARIANTS[name]!;
  const { backbone, architecture: others, guided, emission } = variant;
  const architecture: object = backbone.architectureSchema.parse({
    ...(backbone.smallArchitecture as object),
    ...others,
  }) as object;
  const generator = generatorOf(variant, architecture);
  const networks = {
    tokenizer: backbone.createTokenizer!(architecture),
    teacher: backbone.createTeacher(architecture, PLAIN_SAMPLING),
    generator,
  };
  const ofGenerator = {
    ...(guided ? GUIDED : {}),
    ...(emission ? { method: dd1.name } : {}),
  };
  const masks = emission ? masksOf(generator.layout, emission) : {};
  const files: Record<string, string> = {};
  for (const [kind, { parameterSpecs }] of Object.entries(networks)) {
    files[kind] = path.join(root, `${name}-${kind}.safetensors`);
    await saveModel(files[kind], {
      kind: kind as keyof typeof networks,
      plugin: backbone.name,
      preset: name,
      architecture,
      // One seed: a quantiser has the same values wherever it is.
      tensors: { ...randomWeights(parameterSpecs, 1), ...(kind === 'generator' ? masks : {}) },
      provenance: kind === 'generator' ? ofGenerator : {},
    });
  }
  return {
    summary: 'random weights',
    backbone: backbone.name,
    architecture,
    teacherSampling: PLAIN_SAMPLING,
    methods: {},
    weights: files,
  };
}

/** The largest difference of a pixel between a folder's program and the library, of the same noise. */
async function difference(
  container: ReturnType<typeof pluginContainer>,
  backbone: Backbone,
  options: SampleOptions & { readonly preset: string },
): Promise<number> {
  const { preset, snap, guidance, steps } = options;
  const folder = path.join(root, preset);
  const { images } = await sample(container, { count: COUNT, seed: SEED, ...options });
  const { architecture } = JSON.parse(readFileSync(path.join(folder, 'config.json'), 'utf8'));
  const { layout } = backbone.createNetwork(backbone.architectureSchema.parse(architecture));
  const shape = [sequenceLength(layout), layout.channels];
  const rng = createRng(SEED);
  const noise = Array.from({ length: COUNT }, (_, i) => [
    ...rng.normal('sample/noise', i, elementCount(shape)),
  ]);
  const [given, result] = [`${folder}-noise.npy`, `${folder}-images.npy`];
  writeFileSync(
    given,
    encodeNpy({ shape: [COUNT, ...shape], data: Float32Array.from(noise.flat()) }),
  );
  const args = [
    ...['--noise', given, '--out', result],
    ...(snap ? ['--snap'] : []),
    ...(guidance === undefined ? [] : ['--guidance', String(guidance)]),
    ...(steps === undefined ? [] : ['--steps', String(steps)]),
  ];
  const program = path.join(folder, 'generator.py');
  const { status, stderr } = spawnSync(python!, [program, ...args], { encoding: 'utf8' });
  expect({ status, stderr }).toMatchObject({ status: 0 });
  const bytes = readFileSync(result).subarray(-4 * images.data.length);
  const pixels = new Float32Array(Uint8Array.from(bytes).buffer);
  expect(Math.max(...pixels) - Math.min(...pixels)).toBeGreaterThan(0.1);
  return Math.max(...pixels.map((value, i) => Math.abs(value - (images.data[i]! + 1) / 2)));
}

/** What a folder's program says of options that it refuses with code 2. */
function refusal(preset: string, ...args: readonly string[]): string {
  const program = path.join(root, preset, 'generator.py');
  const { status, stderr } = spawnSync(python!, [program, ...args], { encoding: 'utf8' });
  expect({ status, stderr }).toMatchObject({ status: 2 });
  return stderr;
}

/** Of one sequence of a preset with the sizes of MNIST's. */
function noiseShape(backbone: Backbone): number[] {
  return [1, backbone === varBackbone ? 30 : 16, 8];
}

/** A file of so many equal numbers. */
function npy(name: string, shape: readonly number[], value = 0): string {
  const file = path.join(root, name);
  writeFileSync(
    file,
    encodeNpy({ shape: [...shape], data: new Float32Array(elementCount(shape)).fill(value) }),
  );
  return file;
}

describe.each([
  ['mnist-var', varBackbone],
  ['mnist-llamagen', llamagenBackbone],
] as const)('the PyTorch program of %s', (preset, backbone) => {
  const container = pluginContainer(varPlugin, llamagen);
  afterAll(() => container.dispose());

  itIn('draws the library’s images, as they are and from the nearest codes', async () => {
    await exportModel(container, { preset, out: path.join(root, preset) });
    for (const snap of [false, true]) {
      expect(await difference(container, backbone, { preset, snap })).toBeLessThan(TOLERANCE);
    }
  });

  itIn('refuses what does not fit with code 2', () => {
    for (const [args, sentence] of [
      [['--class', '10'], 'Classes are 0 to 9.'],
      [['--guidance', '2'], 'takes no guidance scale'],
      [['--steps', '2'], '--steps of this generator is 1.'],
      [['--noise', 'noise.npy', '--count', '2'], 'leave --count and --seed out'],
      [['--noise', 'nowhere.npy'], '--noise cannot be read'],
      [['--noise', npy('short.npy', [0, 30, 8])], 'The noise has to be finite numbers [N,'],
      [['--noise', npy('nan.npy', noiseShape(backbone), NaN)], 'The noise has to be finite'],
      [['--noise', path.join(root, preset, 'README.md')], '--noise cannot be read'],
      [['--seed', '1' + '0'.repeat(23)], '--seed is 0 to 2^63 - 1.'],
      [['--seed', '-1'], '--seed is 0'],
      [['--device', 'toaster'], 'toaster'],
      [['--out', 'nowhere/images.npy'], 'There is no folder'],
    ] as const) {
      const said = refusal(preset, ...args);
      expect(said).toContain(sentence);
      expect(said).not.toContain('Traceback');
    }
  });

  itIn('says in a sentence that a folder is not what was exported', () => {
    const [folder, copy] = [path.join(root, preset), path.join(root, `${preset}-damaged`)];
    cpSync(folder, copy, { recursive: true });
    const shard = readdirSync(copy).find((name) => name.endsWith('.safetensors'))!;
    const bytes = readFileSync(path.join(copy, shard));
    bytes[bytes.length - 9]! ^= 1;
    writeFileSync(path.join(copy, shard), bytes);
    const args = [path.join(copy, 'generator.py'), '--out', path.join(copy, 'images.npy')];
    const { status, stderr } = spawnSync(python!, args, { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^Error: the model of this folder cannot be read \(.*copy the folder again/,
    );
    expect(readdirSync(copy).filter((name) => name.includes('images'))).toEqual([]);
  });

  itIn('refuses classes that there are not in a program, too', () => {
    const program = `
import sys, torch
sys.path.insert(0, ${JSON.stringify(path.join(root, preset))})
import generator
model = [m for m in vars(generator).values() if isinstance(m, type) and issubclass(m, generator.ImageModel)][-1]
model = model.from_pretrained(${JSON.stringify(path.join(root, preset))})
for label in (10, -1):
    try:
        model(model.noise(1, seed=0), torch.tensor([label]))
    except ValueError as error:
        print(error)`;
    const { stdout, stderr } = spawnSync(python!, ['-c', program], { encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: 'Classes are 0 to 9.\n'.repeat(2), stderr: '' });
  });
});

describe('the PyTorch program of random networks', () => {
  itIn.each(Object.keys(VARIANTS))('draws the library’s images: %s', async (preset) => {
    const { backbone, guided, emission } = VARIANTS[preset]!;
    const presets = { [preset]: await randomPreset(preset) };
    const container = pluginContainer(
      definePlugin({ name: 'random', summary: 'for a test', backbones: [backbone], presets }),
    );
    await exportModel(container, { preset, out: path.join(root, preset) });
    expect(await difference(container, backbone, { preset })).toBeLessThan(TOLERANCE);
    if (guided) {
      expect(await difference(container, backbone, { preset, guidance: 1.25 })).toBeLessThan(
        TOLERANCE,
      );
    }
    if (emission && emission.secondStart > 0) {
      expect(await difference(container, backbone, { preset, steps: 2 })).toBeLessThan(TOLERANCE);
      const drawn = await Promise.all(
        [1, 2].map((steps) => sample(container, { preset, count: COUNT, seed: SEED, steps })),
      );
      expect(drawn[1]!.images).not.toEqual(drawn[0]!.images);
    }
    if (emission) {
      const counts = emission.secondStart > 0 ? '1 or 2' : '1';
      expect(refusal(preset, '--steps', '3')).toContain(`--steps of this generator is ${counts}.`);
    }
    await container.dispose();
  });
});
