import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { GuidedTeacher } from '@ar-distill/backbone-kit';
import {
  definePlugin,
  ImageTokenizer,
  type SequenceLayout,
  sequenceLength,
  stepOfPosition,
  type TeacherSampler,
  type TeacherSamplingOptions,
  VelocityNetwork,
} from '@ar-distill/core';
import { guideByScale } from '@ar-distill/core/math';
import { initializeParameters, type Parameters } from '@ar-distill/nn';
import { float32, type HostTensors, int32, type Rng, type StepCompiler } from '@ar-distill/program';
import { toHost, toTensors } from './eager-compiler';

export const LAYOUT: SequenceLayout = { channels: 2, stepLengths: [1, 2, 3] };
const LENGTH = sequenceLength(LAYOUT);
const CHANNELS = LAYOUT.channels;
const VOCAB_SIZE = 7;
const CLASSES = 3;
const WIDTH = 6;

const weight = (...shape: number[]) => ({ shape, init: { kind: 'normal', std: 0.7 } }) as const;

const BACKBONE = {
  'mix.weight': weight(CHANNELS, WIDTH),
  'class.weight': weight(CLASSES + 1, WIDTH),
  'position.weight': weight(LENGTH, WIDTH),
};

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
  labels: tf.Tensor,
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
  const classes = tf.expandDims(
    tf.gather(parameters['class.weight']!, tf.cast(labels, 'int32')),
    1,
  );
  return tf.tanh(tf.add(tf.add(mixed, classes), parameters['position.weight']!));
}

/** A linear AR model whose logits read the mean of the earlier AR steps. */
export class TinyTeacher extends GuidedTeacher {
  readonly layout = LAYOUT;
  readonly numClasses = CLASSES;
  readonly codeScale = 1;
  readonly parameterSpecs = {
    ...BACKBONE,
    'logits.weight': weight(WIDTH, VOCAB_SIZE),
    codebook: weight(VOCAB_SIZE, CHANNELS),
  };

  constructor(
    readonly sampling: TeacherSamplingOptions,
    private readonly fault?: Fault,
  ) {
    super();
  }

  get isGuided(): boolean {
    return this.sampling.guidanceScale > 1 || this.fault === 'guided-at-zero';
  }

  codebook(parameters: Parameters): tf.Tensor {
    return parameters.codebook!;
  }

  inputs(_parameters: Parameters, codes: tf.Tensor): tf.Tensor {
    return codes;
  }

  logitsOfInputs(parameters: Parameters, inputs: tf.Tensor, labels: tf.Tensor): tf.Tensor {
    const features = tf.reshape(backbone(parameters, inputs, labels), [-1, WIDTH]);
    const rows = tf.matMul(features, parameters['logits.weight'] as tf.Tensor2D);
    return tf.reshape(rows, [inputs.shape[0]!, LENGTH, VOCAB_SIZE]);
  }

  guide(conditional: tf.Tensor, unconditional: tf.Tensor): tf.Tensor {
    return guideByScale(conditional, unconditional, tf.scalar(this.sampling.guidanceScale));
  }

  async createSampler(
    _compiler: StepCompiler,
    parameters: Readonly<HostTensors>,
    batchSize: number,
  ): Promise<TeacherSampler> {
    const weights = toTensors(parameters);
    return {
      batchSize,
      evaluations: LAYOUT.stepLengths.length,
      sample: async (labels, rng, firstSample) => {
        tf.engine().startScope();
        try {
          return this.sampleAll(weights, labels, rng, firstSample);
        } finally {
          tf.engine().endScope();
        }
      },
      dispose: async () => tf.dispose(weights),
    };
  }

  private sampleAll(weights: Parameters, labels: Int32Array, rng: Rng, firstSample: number) {
    const batch = labels.length;
    const steps = stepOfPosition(LAYOUT);
    const uniforms = Array.from(labels, (_, b) => rng.uniform('tiny', firstSample + b, LENGTH));
    const tokens = new Int32Array(batch * LENGTH);
    const codebook = weights.codebook!;
    const sequenceOf = (): tf.Tensor =>
      tf.reshape(tf.gather(codebook, tf.tensor1d(tokens, 'int32')), [batch, LENGTH, CHANNELS]);
    for (const step of LAYOUT.stepLengths.keys()) {
      const probabilities = tf
        .exp(this.logProbs(weights, sequenceOf(), tf.tensor1d(labels, 'int32')))
        .dataSync();
      for (let row = 0; row < tokens.length; row++) {
        if (steps[row % LENGTH] !== step) continue;
        let rest = uniforms[Math.floor(row / LENGTH)]![row % LENGTH]!;
        for (let token = 0; token < VOCAB_SIZE; token++) {
          const probability = probabilities[row * VOCAB_SIZE + token]!;
          if (probability > 0) tokens[row] = token;
          rest -= probability;
          if (rest < 0) break;
        }
      }
    }
    return { sequence: toHost(sequenceOf()), tokens: int32([batch, LENGTH], tokens) };
  }
}

/** Faults that the conformance kit has to find. */
export type Fault =
  'leak' | 'ignored-label' | 'unused-parameter' | 'infinite' | 'mixed-positions' | 'guided-at-zero';

/** The tiny backbone with a two-layer head. */
export class TinyNetwork extends VelocityNetwork {
  readonly layout = LAYOUT;
  readonly numClasses = CLASSES;
  readonly parameterSpecs;

  constructor(private readonly fault?: Fault) {
    super();
    this.parameterSpecs = {
      ...BACKBONE,
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

  features(parameters: Parameters, sequence: tf.Tensor, labels: tf.Tensor): tf.Tensor {
    const own = this.fault === 'ignored-label' ? tf.zerosLike(labels) : labels;
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

/** A plugin that keeps every rule, or breaks one. */
export function tinyPlugin(fault?: Fault) {
  return definePlugin({
    name: 'tiny',
    summary: 'A linear model for tests.',
    architectureSchema: z.strictObject({}),
    presets: {},
    createTokenizer: () => new TinyTokenizer(),
    createTeacher: (_architecture, sampling) => new TinyTeacher(sampling, fault),
    createNetwork: () => new TinyNetwork(fault),
  });
}

/** Host noise [B, n, C]. */
export function tinyNoise(rng: Rng, batch: number) {
  const count = batch * LENGTH * CHANNELS;
  return float32([batch, LENGTH, CHANNELS], rng.normal('tiny noise', 0, count));
}
