import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { GuidedTeacher } from '@ar-distill/backbone-kit';
import {
  type Backbone,
  classCondition,
  type Condition,
  type ConditionSpace,
  definePlugin,
  ImageTokenizer,
  labelsOf,
  PLAIN_SAMPLING,
  type SequenceLayout,
  sequenceLength,
  type SequenceSampler,
  stepOfPosition,
  type TeacherGuidance,
  type TeacherSamplingOptions,
  VelocityNetwork,
  withGuidance,
} from '@ar-distill/core';
import { guideByRatio, guideByScale } from '@ar-distill/core/math';
import { initializeParameters, type Parameters } from '@ar-distill/nn';
import { float32, type HostTensors, type Rng, type StepCompiler } from '@ar-distill/program';

export const LAYOUT: SequenceLayout = { channels: 2, stepLengths: [1, 2, 3] };
const LENGTH = sequenceLength(LAYOUT);
const CHANNELS = LAYOUT.channels;
const VOCAB_SIZE = 7;
const CLASSES = 3;
const WIDTH = 6;

const weight = (...shape: number[]) => ({ shape, init: { kind: 'normal', std: 0.7 } }) as const;

/** Two features per sample that stand for anything but a class: sample i looks in direction i. */
export const FEATURES: ConditionSpace = {
  values: { features: { shape: [2], dtype: 'float32', nothing: 0 } },
  inTurn: (first, count) => {
    const angles = Array.from({ length: count }, (_, i) => first + i);
    return featuresOf(angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)]));
  },
  draw: (rng, stream, first, count) =>
    featuresOf(
      Array.from({ length: count }, (_, i) => [...rng.normal(stream, first + i, 2)]).flat(),
    ),
};

function featuresOf(values: readonly number[]): HostTensors {
  return { features: float32([values.length / 2, 2], Float32Array.from(values)) };
}

const backboneSpecs = ({ values }: ConditionSpace) => ({
  'mix.weight': weight(CHANNELS, WIDTH),
  'position.weight': weight(LENGTH, WIDTH),
  ...(values['labels'] ? { 'class.weight': weight(CLASSES + 1, WIDTH) } : {}),
  ...(values['features'] ? { 'features.weight': weight(2, WIDTH) } : {}),
});

/** What the condition adds to every position, [B, 1, WIDTH] or broadcast to it. */
function embedded(parameters: Parameters, condition: Condition): tf.Tensor {
  const { features, labels } = condition;
  if (labels) return tf.gather(parameters['class.weight']!, labelsOf(condition)).expandDims(1);
  if (!features) return tf.zeros([1, 1, WIDTH]);
  return tf.matMul(features, parameters['features.weight'] as tf.Tensor2D).expandDims(1);
}

/** [n, n]: the share of position j in the mean that position i reads; `leak` shows a later one too. */
function prefixMeans(leak: boolean): tf.Tensor2D {
  const steps = stepOfPosition(LAYOUT);
  return tf.tensor2d(
    steps.flatMap((own) => {
      const reads = steps.map((other) => (other < own || (leak && other === own) ? 1 : 0));
      const total = Math.max(
        1,
        reads.reduce((a: number, b) => a + b, 0),
      );
      return reads.map((read) => read / total);
    }),
    [LENGTH, LENGTH],
  );
}

function backbone(
  parameters: Parameters,
  sequence: tf.Tensor,
  condition: Condition,
  leak = false,
): tf.Tensor {
  const [batch = 0] = sequence.shape;
  const mixing = tf.tile(tf.expandDims(prefixMeans(leak), 0), [batch, 1, 1]);
  const means = tf.reshape(tf.matMul(mixing, sequence), [batch * LENGTH, CHANNELS]);
  const mixed = tf.reshape(tf.matMul(means, parameters['mix.weight'] as tf.Tensor2D), [
    batch,
    LENGTH,
    WIDTH,
  ]);
  const conditioned = tf.add(mixed, embedded(parameters, condition));
  return tf.tanh(tf.add(conditioned, parameters['position.weight']!));
}

/** A linear AR model whose logits read the mean of the earlier AR steps. */
export class TinyTeacher extends GuidedTeacher {
  readonly layout = LAYOUT;
  readonly codeScale: number = 1;
  override readonly guidance: TeacherGuidance;
  readonly parameterSpecs;

  constructor(
    readonly sampling: TeacherSamplingOptions,
    private readonly fault?: Fault,
    readonly condition: ConditionSpace = classCondition(CLASSES),
  ) {
    super();
    this.parameterSpecs = {
      ...backboneSpecs(condition),
      'logits.weight': weight(WIDTH, VOCAB_SIZE),
      codebook: weight(VOCAB_SIZE, CHANNELS),
    };
    const scale = sampling.guidanceScale;
    this.guidance = {
      scale,
      over: (range) => new TinyTeacher(sampling, fault, withGuidance(condition, { range, scale })),
    };
  }

  get isGuided(): boolean {
    const isPerSample = this.condition.guidance !== undefined;
    return isPerSample || this.sampling.guidanceScale > 1 || this.fault === 'guided-at-zero';
  }

  codebook(parameters: Parameters): tf.Tensor {
    return parameters.codebook!;
  }

  inputs(_parameters: Parameters, codes: tf.Tensor): tf.Tensor {
    return codes;
  }

  logitsOfInputs(parameters: Parameters, inputs: tf.Tensor, condition: Condition): tf.Tensor {
    const features = tf.reshape(backbone(parameters, inputs, condition), [-1, WIDTH]);
    const rows = tf.matMul(features, parameters['logits.weight'] as tf.Tensor2D);
    return tf.reshape(rows, [inputs.shape[0]!, LENGTH, VOCAB_SIZE]);
  }

  guide(conditional: tf.Tensor, unconditional: tf.Tensor, scales?: tf.Tensor): tf.Tensor {
    if (this.fault === 'guided-at-zero') {
      return guideByRatio(conditional, unconditional, this.sampling.guidanceScale - 1);
    }
    const scale = scales?.reshape([-1, 1, 1]) ?? tf.scalar(this.sampling.guidanceScale);
    return guideByScale(conditional, unconditional, scale);
  }

  override async createSampler(
    compiler: StepCompiler,
    parameters: Readonly<HostTensors>,
    batchSize: number,
  ): Promise<SequenceSampler> {
    if (this.fault === 'wrong-cache') {
      // It forgets the guidance.
      const plain = new TinyTeacher(PLAIN_SAMPLING, undefined, this.condition);
      return plain.createSampler(compiler, parameters, batchSize);
    }
    const sampler = await super.createSampler(compiler, parameters, batchSize);
    if (this.fault !== 'unchecked-condition') return sampler;
    const valid = this.condition.inTurn(0, batchSize);
    const sample: SequenceSampler['sample'] = (condition, rng, first) =>
      sampler.sample(condition, rng, first).catch(() => sampler.sample(valid, rng, first));
    return { ...sampler, sample };
  }
}

/** Faults that the conformance kit has to find. */
export type Fault =
  | 'leak'
  | 'ignored-condition'
  | 'unused-parameter'
  | 'infinite'
  | 'mixed-positions'
  | 'guided-at-zero'
  | 'wrong-cache'
  | 'unchecked-condition';

/** The tiny backbone with a two-layer head. */
export class TinyNetwork extends VelocityNetwork {
  readonly layout = LAYOUT;
  override readonly featureWidth: number | undefined = WIDTH;
  readonly parameterSpecs;

  constructor(
    private readonly fault?: Fault,
    readonly condition: ConditionSpace = classCondition(CLASSES),
  ) {
    super();
    this.parameterSpecs = {
      ...backboneSpecs(condition),
      'head.in.weight': weight(CHANNELS + 1 + WIDTH, WIDTH),
      'head.out.weight': weight(WIDTH, CHANNELS),
      ...(fault === 'unused-parameter' ? { 'spare.weight': weight(2) } : {}),
    };
  }

  isHeadParameter(name: string): boolean {
    return name.startsWith('head.');
  }

  initializeFromTeacher(teacherParameters: Readonly<HostTensors>, rng: Rng): HostTensors {
    const fresh = initializeParameters(this.parameterSpecs, rng);
    return Object.fromEntries(
      Object.entries(fresh).map(([name, value]) => [name, teacherParameters[name] ?? value]),
    );
  }

  features(parameters: Parameters, sequence: tf.Tensor, condition: Condition): tf.Tensor {
    const own =
      this.fault === 'ignored-condition'
        ? { labels: tf.zerosLike(labelsOf(condition)) }
        : condition;
    return backbone(parameters, sequence, own, this.fault === 'leak');
  }

  velocity(parameters: Parameters, features: tf.Tensor, xT: tf.Tensor, t: tf.Tensor): tf.Tensor {
    const draws = xT.shape[0]!;
    const repeated = tf.stack(new Array<tf.Tensor>(draws).fill(features));
    const time = tf.add(tf.zeros([...xT.shape.slice(0, -1), 1]), tf.expandDims(t, -1));
    const inputs = tf.concat([xT, time, repeated], -1);
    const rows = tf.reshape(inputs, [-1, CHANNELS + 1 + WIDTH]);
    const hidden = tf.tanh(tf.matMul(rows, parameters['head.in.weight'] as tf.Tensor2D));
    const velocity = tf.reshape(
      tf.matMul(hidden, parameters['head.out.weight'] as tf.Tensor2D),
      xT.shape,
    );
    if (this.fault === 'mixed-positions') return tf.add(velocity, tf.mean(velocity, 2, true));
    return this.fault === 'infinite' ? tf.div(velocity, tf.sub(1, time)) : velocity;
  }
}

/** Two-pixel images: every token of the sequence shifts both. */
export class TinyTokenizer extends ImageTokenizer {
  readonly layout = LAYOUT;
  readonly imageShape = [1, 2, 1] as const;
  readonly vocabSize = VOCAB_SIZE;
  readonly parameterSpecs = { codebook: weight(VOCAB_SIZE, CHANNELS) };

  codebook(parameters: Parameters): tf.Tensor {
    return parameters.codebook!;
  }

  encode(parameters: Parameters, images: tf.Tensor): tf.Tensor {
    const pixels = tf.reshape(images, [-1, 1, CHANNELS]);
    const distances = tf.sum(tf.squaredDifference(pixels, parameters.codebook!), -1);
    return tf.tile(tf.expandDims(tf.argMin(distances, -1), 1), [1, LENGTH]);
  }

  decode(_parameters: Parameters, codeVectors: tf.Tensor): tf.Tensor {
    return tf.reshape(tf.mean(codeVectors, 1), [-1, ...this.imageShape]);
  }
}

/** A backbone that keeps every rule, or breaks one. */
export function tinyBackbone(
  fault?: Fault,
  condition: ConditionSpace = classCondition(CLASSES),
): Backbone<object> {
  return {
    name: 'tiny',
    summary: 'A linear model for tests.',
    architectureSchema: z.strictObject({}),
    createTokenizer: () => new TinyTokenizer(),
    createTeacher: (_architecture, sampling) => new TinyTeacher(sampling, fault, condition),
    createNetwork: () => new TinyNetwork(fault, condition),
  };
}

/** A whole plugin: the backbone and a preset of it. */
export const tinyPlugin = definePlugin({
  name: 'tiny',
  summary: 'A linear model for tests.',
  backbones: [tinyBackbone()],
  presets: {
    tiny: {
      summary: 'the only size',
      backbone: 'tiny',
      architecture: {},
      teacherSampling: PLAIN_SAMPLING,
      methods: {},
    },
  },
});

/** Host noise [B, n, C]. */
export function tinyNoise(rng: Rng, batch: number) {
  const count = batch * LENGTH * CHANNELS;
  return float32([batch, LENGTH, CHANNELS], rng.normal('tiny noise', 0, count));
}
