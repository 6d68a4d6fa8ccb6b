import type * as tf from '@tensorflow/tfjs';
import { nothingGiven, PLAIN_SAMPLING, type TeacherSamplingOptions } from '@ar-distill/core';
import {
  type VarArchitecture,
  varArchitectureSchema,
  VarTeacher,
  VarTokenizer,
} from '@ar-distill/plugin-var';
import type { HostTensors, Rng, StepCompiler } from '@ar-distill/program';
import { choicesOf } from './choices';
import { compareAll, compareTokens, type Outcome } from './compare';
import { channelsFirst, channelsLast, evaluate, pickArrays, sampleTokens } from './evaluate';
import type { Configuration, TeacherFamily } from './family';

const PATCH_NUMS = [
  [1, 2, 3, 4],
  [1, 2, 4, 6],
  [1, 3, 5],
  [1, 2, 3, 4, 5, 6, 8],
  [2, 3, 5],
  [1, 4],
  [1, 2, 3, 5, 7, 9],
  [3, 4, 6, 7],
  [1, 2, 3, 4, 5, 6, 8, 10, 13, 16],
];
const LEVELS = [[1, 2], [1, 1, 2], [2, 1], [1], [1, 2, 2], [1, 1, 2, 2, 4]];

export const varFamily: TeacherFamily<VarArchitecture> = {
  name: 'var',
  driver: 'var_driver.py',
  landmark: 'models/var.py',
  states: ['vae', 'var'],
  schema: varArchitectureSchema,
  configure,
  describe: ({ architecture, sampling }) =>
    `${describeArchitecture(architecture)} · guidance ${sampling.guidanceScale}`,
  describeArchitecture,
  specs: (architecture) => ({
    transformer: new VarTeacher(architecture, PLAIN_SAMPLING).parameterSpecs,
    tokenizer: new VarTokenizer(architecture).parameterSpecs,
  }),
  buffers: /^lvl_1L$|^attn_bias_for_masking$|\.zero_k_bias$|^quantize\.ema_vocab_hit_SV$/,
  transformer: compareTransformer,
  tokenizer: compareTokenizer,
};

function configure(
  rng: Rng,
  index: number,
): Configuration<VarArchitecture, TeacherSamplingOptions> {
  const { pick, turn } = choicesOf(rng, index);
  const patchNums = turn(PATCH_NUMS);
  const channelMultipliers = pick('levels', LEVELS);
  const heads = pick('heads', [1, 2, 3, 4]);
  const width = heads * pick('head size', [4, 6, 12, 16]);
  const vocabSize = pick('vocabulary', [17, 40, 128, 300]);
  return {
    seed: 1000 + 10 * index,
    batchSize: pick('batch', [1, 2, 3]),
    sampling: {
      guidanceScale: pick('guidance', [2, 0, 1.5, 4]),
      topK: pick('top-k', [0, 3, 9, 16]),
      topP: pick('top-p', [1, 0.95, 0.6]),
      // The official sampling has none.
      temperature: 1,
    },
    architecture: varArchitectureSchema.parse({
      patchNums,
      vocabSize,
      channels: pick('channels', [4, 8, 12, 32]),
      numClasses: pick('classes', [1, 3, 10]),
      heads,
      width,
      depth: pick('depth', [1, 2, 3, 4]),
      // The last gives a hidden width that ends in a half.
      mlpRatio: turn([4, 2.125, 3, 1.7, (2 * width + 0.5) / width]),
      sharedAdaLn: turn([false, true]),
      attnL2Norm: turn([true, false], 2),
      phi: { layers: turn([4, 0, 1, 2, 3, 6, 4]), ratio: pick('phi', [0.5, 0.5, 0.3, 1, 0]) },
      tokenizer: {
        imageSize: patchNums.at(-1)! * 2 ** (channelMultipliers.length - 1),
        imageChannels: pick('image channels', [3, 3, 1]),
        baseChannels: 32,
        channelMultipliers,
        residualBlocks: pick('blocks', [1, 2]),
        attention: pick('attention', [true, true, false]),
      },
    }),
  };
}

function describeArchitecture(a: VarArchitecture): string {
  return [
    `scales ${a.patchNums.join(',')}`,
    `${a.depth}×${a.width} (${a.heads} heads, mlp ${a.mlpRatio})`,
    `${a.sharedAdaLn ? 'shared' : 'own'} adaLN`,
    a.attnL2Norm ? 'l2' : 'no l2',
    `φ ${a.phi.layers}·${a.phi.ratio}`,
    `V ${a.vocabSize}, C ${a.channels}`,
    `levels ${a.tokenizer.channelMultipliers.join(',')}${a.tokenizer.attention ? '' : ' no attention'}`,
  ].join(' · ');
}

async function compareTransformer(
  { architecture, sampling, batchSize }: Configuration<VarArchitecture, TeacherSamplingOptions>,
  weights: HostTensors,
  official: HostTensors,
  compiler: StepCompiler,
): Promise<Outcome[]> {
  const teacher = new VarTeacher(architecture, sampling);
  const { quantizer } = teacher;
  const inputs = pickArrays(official, ['labels', 'tokens']);
  const own = await evaluate(compiler, 'var', weights, inputs, (parameters, given) => {
    const { labels, tokens } = given as Record<'labels' | 'tokens', tf.Tensor>;
    const nothing = nothingGiven(teacher.condition, batchSize);
    const codes = quantizer.lookUp(parameters, tokens);
    const latent = quantizer.accumulate(parameters, codes).at(-1)!;
    return {
      teacher_input: teacher.inputs(parameters, codes),
      logits_cond: teacher.logits(parameters, codes, { labels }),
      logits_uncond: teacher.logits(parameters, codes, nothing),
      trunc_probs: teacher
        .logProbs(parameters, codes.mul(architecture.codeScale), { labels })
        .exp(),
      f_hat: asMap(architecture, latent),
    };
  });
  const greedy = new VarTeacher(architecture, { ...sampling, topK: 1, topP: 1 });
  const tokens = await sampleTokens(greedy, compiler, weights, batchSize, official);
  return [...compareAll(own, official), compareTokens('greedy_tokens', tokens, official)];
}

async function compareTokenizer(
  { architecture }: Configuration<VarArchitecture, TeacherSamplingOptions>,
  weights: HostTensors,
  official: HostTensors,
  compiler: StepCompiler,
): Promise<Outcome[]> {
  const tokenizer = new VarTokenizer(architecture);
  const names = ['encode_image', 'tokens', 'greedy_tokens'] as const;
  const { encode_tokens: tokens, ...arrays } = await evaluate(
    compiler,
    'var tokenizer',
    weights,
    pickArrays(official, names),
    (parameters, given) => {
      const inputs = given as Record<(typeof names)[number], tf.Tensor>;
      const images = channelsLast(inputs.encode_image);
      const decode = (drawn: tf.Tensor): tf.Tensor =>
        channelsFirst(
          tokenizer
            .decode(parameters, tokenizer.quantizer.lookUp(parameters, drawn))
            .clipByValue(-1, 1),
        );
      return {
        image_from_tokens: decode(inputs.tokens),
        encoder_features: asMap(architecture, tokenizer.encoderFeatures(parameters, images)),
        encode_tokens: tokenizer.encode(parameters, images),
        // The official one is in [0, 1].
        greedy_image: decode(inputs.greedy_tokens).add(1).div(2),
      };
    },
  );
  return [...compareAll(arrays, official), compareTokens('encode_tokens', tokens!, official)];
}

/** [B, P², C] → [B, C, P, P]. */
function asMap({ patchNums, channels }: VarArchitecture, latent: tf.Tensor): tf.Tensor {
  const side = patchNums.at(-1)!;
  return channelsFirst(latent.reshape([-1, side, side, channels]));
}
