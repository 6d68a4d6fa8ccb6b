import { matchTensors, TokenPredictionTask } from '@ar-distill/backbone-kit';
import {
  type Backbone,
  type CheckpointListing,
  type CheckpointPart,
  definePlugin,
  type FeatureNetworkProvider,
  PLAIN_SAMPLING,
  type PluginDefinition,
  type Preset,
  type RecognizedPart,
} from '@ar-distill/core';
import { supervisedSettingsSchema, type SupervisedTask } from '@ar-distill/core/optimization';
import { parameter, type ParameterSpecs, withoutGradient } from '@ar-distill/nn';
import { float32 } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import { tinyBackbone, TinyTeacher, TinyTokenizer } from './tiny-plugin';

const IMAGE_SHAPE = [1, 2, 1] as const;

/** Moves the code of every image towards it. */
export function tokenizerTask(tokenizer = new TinyTokenizer()): SupervisedTask {
  return {
    parameterSpecs: tokenizer.parameterSpecs,
    isTrainable: () => true,
    batchSpecs: (batchSize) => ({
      images: { shape: [batchSize, ...IMAGE_SHAPE], dtype: 'float32' },
    }),
    evaluate: (parameters, batch) => {
      const images = batch['images']!;
      const tokens = withoutGradient(() => tokenizer.encode(parameters, images));
      const codes = tf.gather(parameter(parameters, 'codebook'), tokens);
      const loss = tf.mean(tf.squaredDifference(tokenizer.decode(parameters, codes), images));
      return { loss, metrics: { loss } };
    },
  };
}

export function teacherTask(): SupervisedTask {
  return new TokenPredictionTask(new TinyTeacher(PLAIN_SAMPLING), {
    conditionDropout: 0.1,
    isFrozen: (name) => name === 'codebook',
  });
}

const NETWORKS: readonly [RecognizedPart['kind'], string, ParameterSpecs][] = [
  ['teacher', 'logits.weight', withoutCodebook(new TinyTeacher(PLAIN_SAMPLING).parameterSpecs)],
  ['tokenizer', 'codebook', new TinyTokenizer().parameterSpecs],
];

function withoutCodebook({ codebook: _codebook, ...specs }: ParameterSpecs): ParameterSpecs {
  return specs;
}

export function recognize({ parts }: CheckpointListing): RecognizedPart[] {
  return parts.flatMap((part) => recognizePart(part) ?? []);
}

function recognizePart(part: CheckpointPart): RecognizedPart | undefined {
  const network = NETWORKS.find(([, mark]) => Object.hasOwn(part.tensors, mark));
  if (!network) return undefined;
  const [kind, , specs] = network;
  return {
    path: part.path,
    kind,
    label: `tiny-${kind}`,
    architecture: {},
    parameters: matchTensors(`tiny ${kind}`, specs, part, () => false),
    notes: [],
  };
}

/** The tiny backbone with everything that a family may bring. */
export const trainedBackbone: Backbone<object> = {
  ...tinyBackbone(),
  createTokenizerTask: () => tokenizerTask(),
  createTeacherTask: teacherTask,
  fitTokenizer: (architecture) => architecture,
  recognizeCheckpoint: recognize,
};

/** Two numbers per image: its pixels, weighted. */
export function brightness(createTask = featuresTask): FeatureNetworkProvider {
  return {
    name: 'brightness',
    summary: 'two numbers per image',
    frechetName: 'FD-brightness',
    definition: 'Measured in the pixels.',
    outputs: { pool: 2 },
    imageShape: IMAGE_SHAPE,
    open: async () => ({
      name: 'brightness',
      outputs: { pool: 2 },
      extract: async ({ data }) => ({
        pool: float32([data.length / 2, 2], Float32Array.from(data)),
      }),
      dispose: async () => undefined,
    }),
    training: {
      dataset: 'elsewhere',
      settings: supervisedSettingsSchema.parse({ iterations: 1, batchSize: 2, learningRate: 1 }),
      createTask,
      architecture: {},
    },
  };
}

export function featuresTask(): SupervisedTask {
  return {
    parameterSpecs: { weight: { shape: [2], init: { kind: 'constant', value: 1 } } },
    isTrainable: () => true,
    batchSpecs: (batchSize) => ({
      images: { shape: [batchSize, ...IMAGE_SHAPE], dtype: 'float32' },
      labels: { shape: [batchSize], dtype: 'int32' },
    }),
    evaluate: (parameters, { images, labels }) => {
      const weighted = tf.mul(tf.reshape(images!, [-1, 2]), parameter(parameters, 'weight'));
      const loss = tf.mean(tf.squaredDifference(tf.sum(weighted, 1), labels!.toFloat()));
      return { loss, metrics: { loss } };
    },
  };
}

export const tinyPreset: Preset = {
  summary: 'the only size',
  backbone: 'tiny',
  architecture: {},
  teacherSampling: PLAIN_SAMPLING,
  methods: {},
};

/** A plugin with parts of all kinds that the kit looks at, some of them replaced. */
export function trainedPlugin({
  backbone = {},
  preset = {},
  features = brightness(),
}: {
  readonly backbone?: Partial<Backbone<object>>;
  readonly preset?: Partial<Preset>;
  readonly features?: FeatureNetworkProvider;
} = {}): PluginDefinition {
  return definePlugin({
    name: 'tiny',
    summary: 'A linear model for tests.',
    backbones: [{ ...trainedBackbone, ...backbone }],
    presets: { tiny: { ...tinyPreset, ...preset } },
    featureNetworks: [features],
  });
}
