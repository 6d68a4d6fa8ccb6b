import {
  type PluginDefinition,
  type SampledSequences,
  type SequenceSampler,
  stepOfPosition,
} from '@ar-distill/core';
import type { Parameters } from '@ar-distill/nn';
import type { HostTensors, Rng, StepCompiler } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import {
  type Fault,
  LAYOUT,
  tinyBackbone,
  TinyNetwork,
  TinyTeacher,
  TinyTokenizer,
} from './tiny-plugin';
import {
  brightness,
  featuresTask,
  teacherTask,
  tokenizerTask,
  trainedPlugin,
} from './trained-plugin';

/** A plugin with one mistake, and the rule that it breaks. */
export interface BrokenPlugin {
  readonly mistake: string;
  /** Subject and rule of the only result that fails. */
  readonly breaks: string;
  /** What the result says. */
  readonly says: RegExp;
  readonly plugin: PluginDefinition;
}

/** A sampler that draws with other numbers than those that it is given. */
class Redrawn extends TinyTeacher {
  /** The numbers that sample `index` gets for its `count` tokens. */
  protected numbers(rng: Rng, stream: string, index: number, count: number): Float32Array {
    return rng.uniform(stream, index, count);
  }

  override async createSampler(
    compiler: StepCompiler,
    parameters: Readonly<HostTensors>,
    batchSize: number,
  ): Promise<SequenceSampler> {
    const sampler = await super.createSampler(compiler, parameters, batchSize);
    const sample = (given: HostTensors, rng: Rng, first: number): Promise<SampledSequences> =>
      sampler.sample(
        given,
        { ...rng, uniform: (...request) => this.numbers(rng, ...request) },
        first,
      );
    return { ...sampler, sample };
  }
}

class Constant extends Redrawn {
  override numbers(_rng: Rng, _stream: string, _index: number, count: number): Float32Array {
    return new Float32Array(count).fill(0.5);
  }
}

class OneNumberPerStep extends Redrawn {
  override numbers(rng: Rng, stream: string, index: number, count: number): Float32Array {
    const uniforms = rng.uniform(stream, index, count);
    return Float32Array.from(stepOfPosition(LAYOUT), (step) => uniforms[step]!);
  }
}

class Backwards extends Redrawn {
  override numbers(rng: Rng, stream: string, index: number, count: number): Float32Array {
    return rng.uniform(stream, index, count).map((uniform) => 1 - uniform - 2 ** -24);
  }
}

/** It was written for one batch size. */
class TwoAtATime extends TinyNetwork {
  override velocity(
    parameters: Parameters,
    features: tf.Tensor,
    xT: tf.Tensor,
    t: tf.Tensor,
  ): tf.Tensor {
    const velocity = super.velocity(parameters, features, xT, t);
    const [draws = 0, , ...rest] = velocity.shape;
    return tf.reshape(velocity, [draws, 2, ...rest]);
  }
}

/** The codebook has another name than the tokenizer's. */
class OwnCodes extends TinyTeacher {
  override readonly parameterSpecs = {
    ...new TinyTeacher(this.sampling).parameterSpecs,
    codes: new TinyTokenizer().parameterSpecs.codebook,
  };

  override codebook(parameters: Parameters): tf.Tensor {
    return parameters['codes']!;
  }
}

class Unscaled extends TinyTeacher {
  override readonly codeScale: number = 2;

  override scaledCodebook(parameters: Parameters): tf.Tensor {
    return this.codebook(parameters);
  }
}

/** Keeps a number that no file holds. */
class Remembering extends TinyTokenizer {
  private static made = 0;
  private readonly brightness = 1 + Remembering.made++;

  override decode(parameters: Parameters, codes: tf.Tensor): tf.Tensor {
    return tf.mul(super.decode(parameters, codes), this.brightness);
  }
}

const withFault = (fault: Fault): PluginDefinition => {
  const { createTeacher, createNetwork } = tinyBackbone(fault);
  return trainedPlugin({ backbone: { createTeacher, createNetwork } });
};

/** Mistakes of all kinds, each of which breaks one rule and leaves all others whole. */
export const BROKEN_PLUGINS: readonly BrokenPlugin[] = [
  {
    mistake: 'a division by zero at t = 1',
    breaks: 'backbone "tiny", network: velocities are finite from t = tMin to t = 1',
    says: /^The velocity at t = 1 has values that are NaN or infinite\.$/,
    plugin: withFault('infinite'),
  },
  {
    mistake: 'a batch size in the code',
    breaks:
      'backbone "tiny", network: features and velocities have their shapes at two batch sizes',
    says: /Size\(12\) must match the product of shape 1,2,6,2/,
    plugin: trainedPlugin({ backbone: { createNetwork: () => new TwoAtATime() } }),
  },
  {
    mistake: 'a codebook of its own in the teacher',
    breaks: 'backbone "tiny", teacher: its codebook is the tokenizer\'s',
    says: /give the codebook one name in both\.$/,
    plugin: trainedPlugin({
      backbone: {
        createTeacher: (_architecture, sampling) => new OwnCodes(sampling),
        createTeacherTask: undefined,
        recognizeCheckpoint: undefined,
      },
    }),
  },
  {
    mistake: 'a codebook that forgets its scale',
    breaks: 'backbone "tiny", teacher: scaledCodebook is codeScale times the codes',
    says: /^scaledCodebook is not 2 times the codes\.$/,
    plugin: trainedPlugin({
      backbone: { createTeacher: (_architecture, sampling) => new Unscaled(sampling) },
    }),
  },
  {
    mistake: 'a sampler that is fed constants',
    breaks:
      'backbone "tiny", sampler: the frequencies of its tokens are the teacher-forced probabilities',
    says: /^Of 1024 sequences \d+ have token \d at position 0, where the probabilities give [\d.]+ ± /,
    plugin: trainedPlugin({
      backbone: { createTeacher: (_architecture, sampling) => new Constant(sampling) },
    }),
  },
  {
    mistake: 'a sampler with one number for all tokens of an AR step',
    breaks: 'backbone "tiny", sampler: every token is drawn with a random number of its own',
    says: /^Positions 1 and 2 are drawn alike \(correlation \d\.\d\d\)\.$/,
    plugin: trainedPlugin({
      backbone: { createTeacher: (_architecture, sampling) => new OneNumberPerStep(sampling) },
    }),
  },
  {
    mistake: 'a cache that draws other tokens',
    breaks: 'backbone "tiny", sampler: a cache changes no token',
    says: /^For the same uniforms it draws other tokens/,
    plugin: trainedPlugin({
      backbone: { createTeacher: (_architecture, sampling) => new Backwards(sampling) },
    }),
  },
  {
    mistake: 'a sampler that looks at no condition',
    breaks: 'backbone "tiny", sampler: refuses conditions of another form and unknown classes',
    says: /^It takes an unknown value: call checkCondition first\.$/,
    plugin: withFault('unchecked-condition'),
  },
  {
    mistake: 'a mask that shows the own AR step',
    breaks:
      'backbone "tiny", network: features depend on earlier AR steps only, and on all of them',
    says: /^Position 0 of AR step 0 sees AR step 0\.$/,
    plugin: withFault('leak'),
  },
  {
    mistake: 'a parameter that nothing reads',
    breaks:
      'backbone "tiny", network: gradients are finite and reach every trainable parameter and x_t',
    says: /^No gradient reaches "spare\.weight"/,
    plugin: withFault('unused-parameter'),
  },
  {
    mistake: 'a preset of another architecture',
    breaks: 'preset "tiny", its architecture is one of its backbone',
    says: /^architectureSchema refuses its architecture: .*"size"/,
    plugin: trainedPlugin({
      preset: { architecture: { size: 3 } },
      backbone: { smallArchitecture: {} },
    }),
  },
  {
    mistake: 'settings that the method refuses',
    breaks: 'preset "tiny", its settings are taken',
    says: /^The method "csd" refuses its settings: /,
    plugin: trainedPlugin({ preset: { methods: { csd: { batchSize: -1 } } } }),
  },
  {
    mistake: 'weights that were not packed',
    breaks: 'preset "tiny", its weight files exist',
    says: /^Its teacher is missing: there is no file "\/no\/such\/teacher\.safetensors"\.$/,
    plugin: trainedPlugin({ preset: { weights: { teacher: '/no/such/teacher.safetensors' } } }),
  },
  {
    mistake: 'a PyTorch file that was not packed',
    breaks: 'plugin, the PyTorch files of its backbones exist',
    says: /^Its PyTorch file of "tiny" is missing: there is no file "\/no\/such\/family\.py"\.$/,
    plugin: trainedPlugin({
      backbone: {
        pytorchFiles: [__filename],
        pytorchFilesOfMethods: { dd1: ['/no/such/family.py'] },
      },
    }),
  },
  {
    mistake: 'a training of the tokenizer that reads another name',
    breaks: 'backbone "tiny", training: the tokenizer makes one compiled update',
    says: /^batchSpecs declares "pixels" .* where it gets "images"/,
    plugin: trainedPlugin({
      backbone: {
        createTokenizerTask: () => ({
          ...tokenizerTask(),
          batchSpecs: (batchSize) => ({
            pixels: { shape: [batchSize, 1, 2, 1], dtype: 'float32' },
          }),
        }),
      },
    }),
  },
  {
    mistake: 'a training of the teacher without a gradient',
    breaks: 'backbone "tiny", training: the teacher makes one compiled update',
    says: /^Its loss has no gradient\.$/,
    plugin: trainedPlugin({
      backbone: {
        createTeacherTask: () => {
          const task = teacherTask();
          return {
            parameterSpecs: task.parameterSpecs,
            isTrainable: (name) => task.isTrainable(name),
            batchSpecs: (batchSize) => task.batchSpecs(batchSize),
            noiseSpecs: (batchSize) => task.noiseSpecs!(batchSize),
            drawNoise: (rng, iteration, batchSize) => task.drawNoise!(rng, iteration, batchSize),
            evaluate: (parameters, batch) => {
              const loss = tf.mul(task.evaluate(parameters, batch).loss, 0);
              return { loss, metrics: { loss } };
            },
          };
        },
      },
    }),
  },
  {
    mistake: 'an architecture after the tokenizer that the schema refuses',
    breaks: 'backbone "tiny", training: fitTokenizer gives an architecture of the same networks',
    says: /^architectureSchema refuses what it gives: .*"codeScale"/,
    plugin: trainedPlugin({ backbone: { fitTokenizer: () => ({ codeScale: NaN }) } }),
  },
  {
    mistake: 'features whose loss is not finite',
    breaks: 'feature network "brightness", training: the features make one compiled update',
    says: /^The update gives .*"loss".* as NaN or infinite\.$/,
    plugin: trainedPlugin({
      features: brightness(() => {
        const task = featuresTask();
        return {
          ...task,
          evaluate: (parameters, batch) => {
            const { loss } = task.evaluate(parameters, batch);
            return { loss: tf.div(loss, 0), metrics: {} };
          },
        };
      }),
    }),
  },
  {
    mistake: 'a tokenizer that keeps more than its parameters',
    breaks:
      'backbone "tiny", storage: the tokenizer computes the same after it was saved and loaded',
    says: /^With the same architecture and the same parameters it computes something else/,
    plugin: trainedPlugin({ backbone: { createTokenizer: () => new Remembering() } }),
  },
  {
    mistake: 'a plugin that takes any checkpoint for its own',
    breaks: 'backbone "tiny", recognizeCheckpoint: claims no network of another project',
    says: /^It takes the tensors of an empty file for a teacher\.$/,
    plugin: trainedPlugin({
      backbone: {
        recognizeCheckpoint: ({ parts }) =>
          parts.map(({ path, tensors }) => ({
            path,
            kind: 'teacher',
            label: 'tiny',
            architecture: {},
            parameters: Object.keys(tensors),
            notes: [],
          })),
      },
    }),
  },
  {
    mistake: 'a plugin that takes half a network',
    breaks: 'backbone "tiny", recognizeCheckpoint: takes no network that lacks a parameter',
    says: /^It takes a teacher without "mix\.weight": /,
    plugin: trainedPlugin({
      backbone: {
        recognizeCheckpoint: ({ parts }) =>
          parts
            .filter(({ tensors }) =>
              Object.keys(tensors).some((name) => /^(logits|codeb)/.test(name)),
            )
            .map(({ path, tensors }) => ({
              path,
              kind: Object.hasOwn(tensors, 'logits.weight') ? 'teacher' : 'tokenizer',
              label: 'tiny',
              architecture: {},
              parameters: Object.keys(tensors),
              notes: [],
            })),
      },
    }),
  },
];
