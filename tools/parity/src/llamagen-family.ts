import * as tf from '@tensorflow/tfjs';
import { nothingGiven, PLAIN_SAMPLING, type TeacherSamplingOptions } from '@ar-distill/core';
import {
  type LlamagenArchitecture,
  llamagenArchitectureSchema,
  LlamagenTeacher,
  LlamagenTokenizer,
  rotaryFrequencies,
} from '@ar-distill/plugin-llamagen';
import { float32, type HostTensors, type Rng, type StepCompiler } from '@ar-distill/program';
import { choicesOf } from './choices';
import { compareAll, compareTokens, type Outcome } from './compare';
import { channelsFirst, channelsLast, evaluate, pickArrays, sampleTokens } from './evaluate';
import type { Configuration, TeacherFamily } from './family';

/** VQ-8 and VQ-16, then shorter ones. */
const LEVELS = [[1, 2, 2, 4], [1, 1, 2, 2, 4], [1, 2], [1], [2, 1, 1]];

export const llamagenFamily: TeacherFamily<LlamagenArchitecture> = {
  name: 'llamagen',
  driver: 'llamagen_driver.py',
  landmark: 'autoregressive/models/gpt.py',
  states: ['gpt', 'vq'],
  schema: llamagenArchitectureSchema,
  configure,
  describe: ({ architecture, sampling }) =>
    `${describeArchitecture(architecture)} · guidance ${sampling.guidanceScale} to ${architecture.guidanceInterval}`,
  describeArchitecture,
  specs: (architecture) => ({
    transformer: new LlamagenTeacher(architecture, PLAIN_SAMPLING).parameterSpecs,
    tokenizer: new LlamagenTokenizer(architecture).parameterSpecs,
  }),
  buffers: /^quantize\.codebook_used$/,
  transformer: compareTransformer,
  tokenizer: compareTokenizer,
};

function configure(
  rng: Rng,
  index: number,
): Configuration<LlamagenArchitecture, TeacherSamplingOptions> {
  const { pick, turn } = choicesOf(rng, index);
  const gridSize = turn([2, 3, 4, 5, 6, 7, 16]);
  const channelMultipliers = turn(LEVELS);
  const heads = pick('heads', [1, 2, 4, 6, 8]);
  const grouped = [1, 2, 3, 4].filter((count) => count < heads && heads % count === 0);
  const keyValueHeads = turn([false, true]) && grouped.length > 0 ? pick('groups', grouped) : heads;
  return {
    seed: 2000 + 10 * index,
    batchSize: pick('batch', [1, 2, 3]),
    sampling: {
      guidanceScale: pick('guidance', [2, 1, 1.5, 7.5, 4, 0.5]),
      topK: pick('top-k', [0, 3, 9, 1000]),
      topP: pick('top-p', [1, 0.95, 0.6]),
      temperature: pick('temperature', [1, 0.8, 1.7]),
    },
    architecture: llamagenArchitectureSchema.parse({
      gridSize,
      vocabSize: pick('vocabulary', [17, 40, 128, 300]),
      channels: pick('channels', [4, 8, 12, 32]),
      numClasses: pick('classes', [1, 3, 10]),
      heads,
      ...(keyValueHeads === heads ? {} : { keyValueHeads }),
      width: heads * pick('head size', [4, 8, 12, 16]),
      depth: pick('depth', [1, 2, 3, 4]),
      multipleOf: pick('multiple', [1, 8, 32, 256]),
      feedForwardMultiplier: pick('multiplier', [1, 1.3, 0.77, 0.5]),
      ropeBase: pick('base', [10000, 100, 500000]),
      normEpsilon: pick('epsilon', [1e-5, 1e-6, 1e-2]),
      guidanceInterval: pick('interval', [-1, 0, 3, 10]),
      tokenizer: {
        imageSize: gridSize * 2 ** (channelMultipliers.length - 1),
        imageChannels: pick('image channels', [3, 3, 1]),
        baseChannels: 32,
        channelMultipliers,
        latentChannels: pick('latent', [16, 32, 48]),
        residualBlocks: pick('blocks', [1, 2]),
      },
    }),
  };
}

function describeArchitecture(a: LlamagenArchitecture): string {
  return [
    `grid ${a.gridSize}`,
    `${a.depth}×${a.width} (${a.heads}/${a.keyValueHeads ?? a.heads} heads)`,
    `ffn ${a.feedForwardMultiplier} to ${a.multipleOf}`,
    `rope ${a.ropeBase}, eps ${a.normEpsilon}`,
    `V ${a.vocabSize}, C ${a.channels}`,
    `levels ${a.tokenizer.channelMultipliers.join(',')}`,
  ].join(' · ');
}

async function compareTransformer(
  {
    architecture,
    sampling,
    batchSize,
  }: Configuration<LlamagenArchitecture, TeacherSamplingOptions>,
  weights: HostTensors,
  official: HostTensors,
  compiler: StepCompiler,
): Promise<Outcome[]> {
  const teacher = new LlamagenTeacher(architecture, sampling);
  const inputs = pickArrays(official, ['labels', 'tokens']);
  const own = await evaluate(compiler, 'llamagen', weights, inputs, (parameters, given) => {
    const { labels, tokens } = given as Record<'labels' | 'tokens', tf.Tensor>;
    const nothing = nothingGiven(teacher.condition, batchSize);
    const codes = tf.gather(teacher.codebook(parameters), tokens);
    return {
      logits_cond: teacher.logitsOfTokens(parameters, tokens, { labels }),
      logits_uncond: teacher.logitsOfTokens(parameters, tokens, nothing),
      trunc_probs: teacher
        .logProbs(parameters, codes.mul(architecture.codeScale), { labels })
        .exp(),
      quantized_from_tokens: asMap(architecture, codes),
    };
  });
  const greedy = new LlamagenTeacher(architecture, {
    ...sampling,
    topK: 1,
    topP: 1,
    temperature: 1,
  });
  const tokens = await sampleTokens(greedy, compiler, weights, batchSize, official);
  const { freqs_cis: table } = pickArrays(official, ['freqs_cis']);
  const freqs_cis = float32(table.shape, rotaryFrequencies(architecture));
  return [
    ...compareAll({ freqs_cis, ...own }, official),
    compareTokens('greedy_tokens', tokens, official),
  ];
}

async function compareTokenizer(
  { architecture }: Configuration<LlamagenArchitecture, TeacherSamplingOptions>,
  weights: HostTensors,
  official: HostTensors,
  compiler: StepCompiler,
): Promise<Outcome[]> {
  const tokenizer = new LlamagenTokenizer(architecture);
  const names = ['encode_image', 'tokens', 'greedy_tokens'] as const;
  const { encode_tokens: tokens, ...arrays } = await evaluate(
    compiler,
    'llamagen tokenizer',
    weights,
    pickArrays(official, names),
    (parameters, given) => {
      const inputs = given as Record<(typeof names)[number], tf.Tensor>;
      const images = channelsLast(inputs.encode_image);
      const decode = (drawn: tf.Tensor): tf.Tensor =>
        channelsFirst(
          tokenizer.decode(parameters, tf.gather(tokenizer.codebook(parameters), drawn)),
        );
      return {
        image_from_tokens: decode(inputs.tokens),
        encoder_features: asMap(architecture, tokenizer.encoderFeatures(parameters, images)),
        encode_tokens: tokenizer.encode(parameters, images),
        greedy_image: decode(inputs.greedy_tokens),
      };
    },
  );
  return [...compareAll(arrays, official), compareTokens('encode_tokens', tokens!, official)];
}

/** [B, n, C] → [B, C, grid, grid]. */
function asMap({ gridSize, channels }: LlamagenArchitecture, sequence: tf.Tensor): tf.Tensor {
  return channelsFirst(sequence.reshape([-1, gridSize, gridSize, channels]));
}
