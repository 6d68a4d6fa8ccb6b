import type { Rng, StepCompiler } from '@ar-distill/core';
import { float32, type HostTensors } from '@ar-distill/nn';
import {
  llamagenArchitectureSchema,
  LlamagenTeacher,
  LlamagenTokenizer,
  rotaryFrequencies,
  type LlamagenArchitecture,
} from '@ar-distill/plugin-llamagen';
import * as tf from '@tensorflow/tfjs';
import { choicesOf } from './choices';
import { compareArrays, compareTokens, type Outcome } from './compare';
import { ANY_RNG, arrayOf, channelsFirst, channelsLast, evaluate } from './evaluate';
import type { Configuration, Family } from './family';

/** VQ-8 and VQ-16, then shorter ones. */
const LEVELS = [[1, 2, 2, 4], [1, 1, 2, 2, 4], [1, 2], [1], [2, 1, 1]];

export const llamagenFamily: Family<LlamagenArchitecture> = {
  name: 'llamagen',
  driver: 'llamagen_driver.py',
  landmark: 'autoregressive/models/gpt.py',
  states: ['gpt', 'vq'],
  configure,
  describe,
  compare,
};

function configure(rng: Rng, index: number): Configuration<LlamagenArchitecture> {
  const { pick, turn } = choicesOf(rng, index);
  const gridSize = turn([2, 3, 4, 5, 6, 7]);
  const channelMultipliers = turn(LEVELS);
  const heads = pick('heads', [1, 2, 4, 6, 8]);
  const grouped = [1, 2, 3, 4].filter((count) => count < heads && heads % count === 0);
  const keyValueHeads = turn([false, true]) && grouped.length > 0 ? pick('groups', grouped) : heads;
  return {
    seed: 2000 + 10 * index,
    batchSize: pick('batch', [1, 2, 3]),
    sampling: {
      guidanceScale: turn([2, 1, 1.5, 7.5, 4, 0.5]),
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
      guidanceInterval: turn([-1, 0, 3], 2),
      tokenizer: {
        imageSize: gridSize * 2 ** (channelMultipliers.length - 1),
        baseChannels: 32,
        channelMultipliers,
        latentChannels: pick('latent', [16, 32, 48]),
        residualBlocks: pick('blocks', [1, 2]),
      },
    }),
  };
}

function describe({ architecture: a, sampling }: Configuration<LlamagenArchitecture>): string {
  return [
    `grid ${a.gridSize}`,
    `${a.depth}×${a.width} (${a.heads}/${a.keyValueHeads ?? a.heads} heads)`,
    `ffn ${a.feedForwardMultiplier} to ${a.multipleOf}`,
    `rope ${a.ropeBase}, eps ${a.normEpsilon}`,
    `V ${a.vocabSize}, C ${a.channels}`,
    `levels ${a.tokenizer.channelMultipliers.join(',')}`,
    `guidance ${sampling.guidanceScale} to ${a.guidanceInterval}`,
  ].join(' · ');
}

async function compare(
  { architecture, sampling, batchSize }: Configuration<LlamagenArchitecture>,
  weights: HostTensors,
  official: HostTensors,
  compiler: StepCompiler,
): Promise<Outcome[]> {
  const tokenizer = new LlamagenTokenizer(architecture);
  const teacher = new LlamagenTeacher(architecture, sampling);
  const { gridSize, channels } = architecture;
  const map = (sequence: tf.Tensor): tf.Tensor =>
    channelsFirst(sequence.reshape([batchSize, gridSize, gridSize, channels]));
  const inputs = Object.fromEntries(
    ['labels', 'tokens', 'encode_image', 'greedy_tokens'].map((name) => [
      name,
      arrayOf(official, name),
    ]),
  );
  const own = await evaluate(compiler, 'llamagen', weights, inputs, (parameters, given) => {
    const { labels, tokens, encode_image, greedy_tokens } = given as Record<string, tf.Tensor>;
    const codes = tf.gather(tokenizer.codebook(parameters), tokens!);
    const images = channelsLast(encode_image!);
    const decode = (sequence: tf.Tensor): tf.Tensor =>
      channelsFirst(tokenizer.decode(parameters, sequence));
    const sequence = codes.mul(architecture.codeScale);
    return {
      logits_cond: teacher.logitsOfTokens(parameters, tokens!, labels!),
      logits_uncond: teacher.logitsOfTokens(parameters, tokens!, teacher.unconditional(labels!)),
      trunc_probs: teacher.logProbs(parameters, sequence, labels!).exp(),
      quantized_from_tokens: map(codes),
      image_from_tokens: decode(codes),
      encoder_features: map(tokenizer.encoderFeatures(parameters, images)),
      encode_tokens: tokenizer.encode(parameters, images),
      greedy_image: decode(tf.gather(tokenizer.codebook(parameters), greedy_tokens!)),
    };
  });
  const greedy = new LlamagenTeacher(architecture, {
    ...sampling,
    topK: 1,
    topP: 1,
    temperature: 1,
  });
  const sampler = await greedy.createSampler(compiler, weights, batchSize);
  const { tokens } = await sampler.sample(
    Int32Array.from(arrayOf(official, 'labels').data),
    ANY_RNG,
    0,
  );
  await sampler.dispose();

  const { encode_tokens: encoded, ...arrays } = own;
  const of = (name: string) => arrayOf(official, name);
  const table = float32(of('freqs_cis').shape, rotaryFrequencies(architecture));
  return [
    compareArrays('freqs_cis', table, of('freqs_cis')),
    ...Object.entries(arrays).map(([name, value]) => compareArrays(name, value, of(name))),
    compareTokens('encode_tokens', encoded!, of('encode_tokens'), of('encode_gaps')),
    compareTokens('greedy_tokens', tokens!, of('greedy_tokens'), of('greedy_gaps')),
  ];
}
