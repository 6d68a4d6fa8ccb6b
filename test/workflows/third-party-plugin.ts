import path from 'node:path';
import {
  ArDiffusionGenerator,
  type Backbone,
  type Condition,
  type ConditionSpace,
  type DatasetProvider,
  definePlugin,
  type DistillationMethod,
  type FeatureNetworkProvider,
  type GeneratorSnapshot,
  type ImageSplit,
  ImageTokenizer,
  type Metric,
  PLAIN_SAMPLING,
  type Preset,
  UNCONDITIONAL,
  type VelocityNetwork,
} from '@ar-distill/core';
import { compileOneStep } from '@ar-distill/core/sampling';
import { initializeParameters, type Parameters, type ParameterSpecs } from '@ar-distill/nn';
import {
  createRng,
  elementCount,
  float32,
  type HostTensor,
  type HostTensors,
  int32,
} from '@ar-distill/program';
import { saveModel } from '@ar-distill/runs';
import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { FEATURES, LAYOUT, tinyBackbone, TinyNetwork, TinyTokenizer } from '../core/tiny-plugin';
import { tinyCsdSettings } from './tiny-models';

const SIZE = 8;
const IMAGE_SHAPE = [SIZE, SIZE, 3] as const;
const CLASSES = 3;
const CODES = new TinyTokenizer();

/** Two named values, one of them a whole number, and none of them a class. */
const TWO_VALUES: ConditionSpace = {
  values: { ...FEATURES.values, style: { shape: [], dtype: 'int32', nothing: 0 } },
  inTurn: (first, count) => withStyle(FEATURES.inTurn(first, count), first),
  draw: (rng, stream, first, count) => withStyle(FEATURES.draw(rng, stream, first, count), first),
};

function withStyle(features: HostTensors, first: number): HostTensors {
  const count = features['features']!.shape[0]!;
  const style = Int32Array.from({ length: count }, (_, i) => (first + i) % 2);
  return { ...features, style: int32([count], style) };
}

/** Images of one colour: the mean code vector is red and green, and blue is their sum. */
class ColourTokenizer extends ImageTokenizer {
  readonly layout = LAYOUT;
  readonly imageShape = IMAGE_SHAPE;
  readonly vocabSize = CODES.vocabSize;
  readonly parameterSpecs = CODES.parameterSpecs;

  codebook(parameters: Parameters): tf.Tensor {
    return CODES.codebook(parameters);
  }

  encode(parameters: Parameters, images: tf.Tensor): tf.Tensor {
    const colours = tf.mean(tf.reshape(images, [-1, SIZE * SIZE, 3]), 1);
    return CODES.encode(parameters, tf.slice(colours, [0, 0], [-1, 2]));
  }

  decode(_parameters: Parameters, codeVectors: tf.Tensor): tf.Tensor {
    const mean = tf.mean(codeVectors, 1);
    const colours = tf.concat([mean, tf.sum(mean, 1, true)], 1);
    return tf.tile(tf.reshape(colours, [-1, 1, 1, 3]), [1, SIZE, SIZE, 1]);
  }
}

/** A generator of the family's own: half as far as the default one. */
class DampedGenerator extends ArDiffusionGenerator {
  override generate(parameters: Parameters, noise: tf.Tensor, condition: Condition): tf.Tensor {
    return tf.mul(super.generate(parameters, noise, condition), 0.5);
  }

  protected override over(network: VelocityNetwork): DampedGenerator {
    return new DampedGenerator(network);
  }
}

function colourBackbone(name: string, condition: ConditionSpace): Backbone<object> {
  return {
    ...tinyBackbone(undefined, condition),
    name,
    createTokenizer: () => new ColourTokenizer(),
    createGenerator: () => new DampedGenerator(new TinyNetwork(undefined, condition)),
  };
}

/** Images that are made when they are read: image i is of the colour of its class and its number. */
const colours: DatasetProvider = {
  name: 'colours',
  summary: 'generated colours',
  imageShape: IMAGE_SHAPE,
  classes: CLASSES,
  open: async () => ({ train: split(0, 40), test: split(40, 40) }),
};

function split(start: number, count: number): ImageSplit {
  const labelOf = (index: number): number => (start + index) % CLASSES;
  const size = elementCount(IMAGE_SHAPE);
  return {
    count,
    labels: async () => Int32Array.from({ length: count }, (_, i) => labelOf(i)),
    read: async (indices) => ({
      images: float32(
        [indices.length, ...IMAGE_SHAPE],
        Float32Array.from({ length: indices.length * size }, (_, i) =>
          Math.sin(start + indices[Math.floor(i / size)]! + labelOf(i % 3) + (i % 7)),
        ),
      ),
      labels: int32([indices.length], Int32Array.from(indices, labelOf)),
    }),
  };
}

/** Mean and deviation of the pixels of images of any size. */
const moments: FeatureNetworkProvider = {
  name: 'moments',
  summary: 'two numbers per image',
  frechetName: 'FD-moments',
  definition: 'Measured in mean and deviation of the pixels.',
  outputs: { pool: 2 },
  open: async () => ({
    name: 'moments',
    outputs: { pool: 2 },
    extract: async (images) => ({ pool: momentsOf(images) }),
    dispose: async () => undefined,
  }),
};

function momentsOf({ shape, data }: HostTensor): HostTensor {
  const [count = 0] = shape;
  const size = data.length / count;
  const values = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const own = Array.from(data.subarray(i * size, (i + 1) * size));
    const mean = own.reduce((sum, value) => sum + value, 0) / size;
    values[2 * i] = mean;
    values[2 * i + 1] = Math.sqrt(own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size);
  }
  return float32([count, 2], values);
}

/** A metric that compares with nothing. */
const brightness: Metric = {
  name: 'brightness',
  title: 'brightness',
  summary: 'mean pixel',
  unit: 'number',
  decimals: 3,
  better: 'higher',
  needs: ['pool'],
  compute: ({ count, features }) => {
    const means = Array.from(features.pool!.data).filter((_, i) => i % 2 === 0);
    return { brightness: means.reduce((sum, mean) => sum + mean, 0) / count };
  },
};

/** Another method: the initial network in one step, with no training and no pool. */
const untrained: DistillationMethod<{ seed: number }> = {
  name: 'untrained',
  summary: 'weights of the teacher in one step',
  settingsSchema: z.strictObject({ seed: z.int().min(0).default(0) }),
  quickSettings: {},
  start: ({ teacherWeights, network, generator }, { rng, onSnapshot }) => {
    let made: GeneratorSnapshot | undefined;
    return {
      stages: [
        {
          name: 'copy',
          title: 'Copy of the teacher',
          work: 1,
          run: async ({ progress }) => {
            const initial = network.initializeFromTeacher(teacherWeights, rng);
            made = { iteration: 1, seconds: 1, weights: generator.initialize(initial) };
            await onSnapshot?.(made);
            progress.update({ stage: 'copy', done: 1, total: 1, metrics: {} });
          },
        },
      ],
      outcome: () => ({
        ...made!,
        rows: [
          {
            name: 'copied network',
            isResult: true,
            open: (compiler, batchSize) =>
              compileOneStep({ generator, weights: made!.weights, batchSize }, compiler),
          },
        ],
      }),
    };
  },
};

/**
 * A plugin as somebody else would write it, with everything that a plugin can bring; its weights are
 * random ones in `folder`. Its preset `borrowed` is of the backbone "tiny" of another plugin.
 */
export async function thirdPartyPlugin(folder: string) {
  const free = colourBackbone('colour', UNCONDITIONAL);
  const styled = colourBackbone('styled', TWO_VALUES);
  const presetOf = async (name: string, own: Backbone<object>): Promise<Preset> => {
    const weightsOf = randomWeights.bind(undefined, folder, name, own.name);
    return {
      summary: 'for tests',
      backbone: own.name,
      architecture: {},
      teacherSampling: PLAIN_SAMPLING,
      methods: { csd: tinyCsdSettings(), untrained: {} },
      dataset: 'colours',
      evaluation: { featureNetwork: 'moments', metrics: ['brightness', 'frechet-distance'] },
      weights: {
        teacher: await weightsOf('teacher', own.createTeacher({}, PLAIN_SAMPLING)),
        tokenizer: await weightsOf('tokenizer', own.createTokenizer!({})),
      },
    };
  };
  return definePlugin({
    name: 'third-party',
    summary: 'everything at once',
    backbones: [free, styled],
    presets: {
      colour: await presetOf('colour', free),
      styled: await presetOf('styled', styled),
      borrowed: await presetOf('borrowed', tinyBackbone()),
    },
    datasets: [colours],
    featureNetworks: [moments],
    metrics: [brightness],
    methods: [untrained],
  });
}

async function randomWeights(
  folder: string,
  preset: string,
  backbone: string,
  kind: 'teacher' | 'tokenizer',
  { parameterSpecs }: { readonly parameterSpecs: ParameterSpecs },
): Promise<string> {
  const file = path.join(folder, `${preset}-${kind}.safetensors`);
  await saveModel(file, {
    kind,
    plugin: backbone,
    preset: `third-party:${preset}`,
    architecture: {},
    tensors: initializeParameters(parameterSpecs, createRng(1)),
    provenance: {},
  });
  return file;
}
