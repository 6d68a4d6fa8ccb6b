import { TokenPredictionTask } from '@ar-distill/backbone-kit';
import {
  classCondition,
  type ConditionSpace,
  ofClasses,
  PLAIN_SAMPLING,
  type PluginDefinition,
} from '@ar-distill/core';
import {
  AloneOtherwise,
  BatchGenerator,
  BatchNetwork,
  BatchTeacher,
  BatchTokenizer,
  DeafTeacher,
  FirstDraw,
  Fresh,
  FreshGenerator,
  Greedy,
  HalvedGenerator,
  KeepsSums,
  LendsPlain,
  NoNothing,
  OwnNumbers,
  ReadingTeacher,
  ReadingTokenizer,
  Unguided,
} from './broken-parts';
import type { BrokenPlugin } from './broken-plugins';
import { TinyNetwork, TinyTeacher } from './tiny-plugin';
import { trainedBackbone, trainedPlugin } from './trained-plugin';

const withCondition = (space: ConditionSpace): PluginDefinition =>
  trainedPlugin({
    backbone: {
      createTeacher: (_architecture, sampling) => new TinyTeacher(sampling, undefined, space),
      createNetwork: () => new TinyNetwork(undefined, space),
    },
  });

const CLASSES = classCondition(3);

/** Mistakes that show in use, each of which breaks one rule and leaves all others whole. */
export const BROKEN_IN_USE: readonly BrokenPlugin[] = [
  {
    mistake: 'a class that stands for none',
    breaks: 'backbone "tiny", condition: what stands for nothing is none of the conditions',
    says: /^"labels" is 0 where it is not given, and for sample 0, too\.$/,
    plugin: withCondition({
      ...CLASSES,
      values: { labels: { shape: [], dtype: 'int32', nothing: 0 } },
    }),
  },
  {
    mistake: 'conditions that nothing draws',
    breaks: 'backbone "tiny", condition: it is drawn with the random numbers that are given',
    says: /^draw gives the same conditions whatever the random numbers are\.$/,
    plugin: withCondition({
      ...CLASSES,
      draw: (_rng, _stream, first, count) =>
        ofClasses(Int32Array.from({ length: count }, (_, i) => (first + i) % 2)),
    }),
  },
  {
    mistake: 'a decoder that normalises over the batch',
    breaks:
      'backbone "tiny", tokenizer: an image has the same tokens, and tokens the same image, in any batch',
    says: /^Code vectors make another image alone than among others\.$/,
    plugin: trainedPlugin({ backbone: { createTokenizer: () => new BatchTokenizer() } }),
  },
  {
    mistake: 'an encoder that looks at values while it is traced',
    breaks: 'backbone "tiny", tokenizer: compiled it gives the same tokens and images',
    says: /./,
    plugin: trainedPlugin({ backbone: { createTokenizer: () => new ReadingTokenizer() } }),
  },
  {
    mistake: 'a teacher that normalises over the batch',
    breaks: 'backbone "tiny", teacher: a sample gets the same predictions in any batch',
    says: /^A sample gets other predictions alone than among others\.$/,
    plugin: trainedPlugin({
      backbone: { createTeacher: (_architecture, sampling) => new BatchTeacher(sampling) },
    }),
  },
  {
    mistake: 'a teacher that looks at values while it is traced',
    breaks: 'backbone "tiny", teacher: compiled it predicts the same',
    says: /./,
    plugin: trainedPlugin({
      backbone: { createTeacher: (_architecture, sampling) => new ReadingTeacher(sampling) },
    }),
  },
  {
    mistake: 'a teacher that takes no top-p',
    breaks: 'backbone "tiny", teacher: temperature, top-k and top-p are those of its options',
    says: /^With top-p 0\.4 logProbs is not what truncatedLogProbs makes of/,
    plugin: trainedPlugin({
      backbone: {
        createTeacher: (_architecture, sampling) => new TinyTeacher({ ...sampling, topP: 1 }),
      },
    }),
  },
  {
    mistake: 'a teacher that reads a class where there is none',
    breaks: 'backbone "tiny", teacher: without a condition it predicts something of its own',
    says: /^It predicts the same for the condition of sample 0 and without one\.$/,
    plugin: trainedPlugin({
      backbone: { createTeacher: (_architecture, sampling) => new NoNothing(sampling) },
    }),
  },
  {
    mistake: 'a teacher that nothing guides',
    breaks:
      'backbone "tiny", teacher: guidance mixes the predictions with and without the condition',
    says: /^A guidance scale of 1\.5 changes no prediction\.$/,
    plugin: trainedPlugin({
      backbone: { createTeacher: (_architecture, sampling) => new Unguided(sampling) },
    }),
  },
  {
    mistake: 'a sampler that draws otherwise for one sequence alone',
    breaks: 'backbone "tiny", sampler: samples are repeatable and do not depend on the batch',
    says: /^Sample 1 differs between a batch of its own and one with others\.$/,
    plugin: trainedPlugin({
      backbone: { createTeacher: (_architecture, sampling) => new AloneOtherwise(sampling) },
    }),
  },
  {
    mistake: 'a sampler with random numbers of its own',
    breaks: 'backbone "tiny", sampler: every token is drawn with a random number of its own',
    says: /^It draws the same tokens whatever the random numbers are: draw from rng\.$/,
    plugin: trainedPlugin({
      backbone: { createTeacher: (_architecture, sampling) => new OwnNumbers(sampling) },
    }),
  },
  {
    mistake: 'a network that forgets its teacher',
    breaks:
      'backbone "tiny", network: it starts from the weights of the teacher, and leaves them as they are',
    says: /^The backbone starts with the same weights for another teacher/,
    plugin: trainedPlugin({ backbone: { createNetwork: () => new Fresh() } }),
  },
  {
    mistake: 'a network that normalises over the batch',
    breaks: 'backbone "tiny", network: samples and noise draws get the same velocity in any batch',
    says: /^A sample has other features alone than among others\.$/,
    plugin: trainedPlugin({ backbone: { createNetwork: () => new BatchNetwork() } }),
  },
  {
    mistake: 'a velocity that mixes noise draws',
    breaks: 'backbone "tiny", network: samples and noise draws get the same velocity in any batch',
    says: /^A noise draw gets another velocity alone than among others\.$/,
    plugin: trainedPlugin({ backbone: { createNetwork: () => new FirstDraw() } }),
  },
  {
    mistake: 'a cache that forgets the guidance where it is lent',
    breaks: 'backbone "tiny", sampler: a cache that is lent to other choices changes no code',
    says: /^For the same noise its cache leads to other codes .* in \d+ of 64 sequences\.$/,
    plugin: trainedPlugin({
      backbone: { createTeacher: (_architecture, sampling) => new LendsPlain(sampling) },
    }),
  },
  {
    mistake: 'AR steps that add to what the batch before left',
    breaks: 'backbone "tiny", sampler: AR steps that keep a cache change no code, one by one',
    says: /^For the same noise its cache leads to other codes .* in \d+ of 64 sequences\.$/,
    plugin: trainedPlugin({
      backbone: { createTeacher: (_architecture, sampling) => new KeepsSums(sampling) },
    }),
  },
  {
    mistake: 'a head that takes parameters of the backbone',
    breaks:
      'backbone "tiny", network: features read no parameter of the head, velocity no other ones',
    says: /^Features read "position\.weight": make isHeadParameter false for them\.$/,
    plugin: trainedPlugin({ backbone: { createNetwork: () => new Greedy() } }),
  },
  {
    mistake: 'a generator that forgets the network',
    breaks:
      'backbone "tiny", generator: it starts from the weights of the network, and leaves them as they are',
    says: /^It starts with the same weights for another network/,
    plugin: trainedPlugin({
      backbone: { createGenerator: () => new FreshGenerator(new TinyNetwork()) },
    }),
  },
  {
    mistake: 'a generator that normalises over the batch',
    breaks: 'backbone "tiny", generator: noise becomes the same sequence in any batch',
    says: /^Noise becomes another sequence alone than among others\.$/,
    plugin: trainedPlugin({
      backbone: { createGenerator: () => new BatchGenerator(new TinyNetwork()) },
    }),
  },
  {
    mistake: 'a teacher that hears no guidance scale',
    breaks:
      'backbone "tiny", teacher: the guidance scale of a sample is what its options say for all',
    says: /^Sample 0 of guidance scale 3 has other probabilities than with that scale for all\.$/,
    plugin: trainedPlugin({
      backbone: { createTeacher: (_architecture, sampling) => new DeafTeacher(sampling) },
    }),
  },
  {
    mistake: 'a generator that is of another kind with a guidance scale',
    breaks:
      'backbone "tiny", generator: with a guidance scale as an input it starts as it is without',
    says: /^What its withGuidance returns makes other sequences from the same weights/,
    plugin: trainedPlugin({
      backbone: { createGenerator: () => new HalvedGenerator(new TinyNetwork()) },
    }),
  },
  {
    mistake: 'a plugin that refuses its own checkpoints',
    breaks:
      'backbone "tiny", recognizeCheckpoint: knows its own networks, and names their parameters',
    says: /^It does not know a teacher with .*, though all of the architecture is given: it is too small\.$/,
    plugin: trainedPlugin({
      backbone: {
        recognizeCheckpoint: ({ parts }) => {
          const isOwn = parts.some(({ tensors }) => Object.hasOwn(tensors, 'logits.weight'));
          if (isOwn) throw new Error('it is too small');
          return trainedBackbone.recognizeCheckpoint!({ fileName: '', parts, config: {} });
        },
      },
    }),
  },
  {
    mistake: 'a preset whose teacher draws no token',
    breaks: 'preset "tiny", its settings are taken',
    says: /^Its teacherSampling needs "topP" to be a number above 0 and up to 1, not 0\.$/,
    plugin: trainedPlugin({
      preset: { teacherSampling: { guidanceScale: 0, topK: 0, topP: 0, temperature: 1 } },
    }),
  },
  {
    mistake: 'a training of the teacher that moves the codes of the tokenizer',
    breaks: 'backbone "tiny", teacher: it shares names and shapes of parameters with the tokenizer',
    says: /^Its training trains "codebook", which the tokenizer has, too/,
    plugin: trainedPlugin({
      backbone: {
        createTeacherTask: () =>
          new TokenPredictionTask(new TinyTeacher(PLAIN_SAMPLING), {
            conditionDropout: 0.1,
            isFrozen: () => false,
          }),
      },
    }),
  },
  {
    mistake: 'a fit that changes the weights that it looks at',
    breaks: 'backbone "tiny", training: fitTokenizer gives an architecture of the same networks',
    says: /^It changes the weights of the tokenizer: copy what you change\.$/,
    plugin: trainedPlugin({
      backbone: {
        fitTokenizer: (architecture, { codebook }) => {
          codebook!.data.fill(0);
          return architecture;
        },
      },
    }),
  },
  {
    mistake: 'figures that are none',
    breaks: 'backbone "tiny", generator: measureSequences gives finite figures of what it makes',
    says: /^It gives "distance" as no finite number\.$/,
    plugin: trainedPlugin({ backbone: { measureSequences: () => ({ distance: NaN }) } }),
  },
];
