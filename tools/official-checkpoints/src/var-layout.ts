import {
  constant,
  convolution,
  groupNorm,
  linear,
  normal,
  residualBlock,
  under,
  type OfficialTensor,
  type StateDict,
} from './official-tensor';

/** Arguments of the official `VAR` class (models/var.py). */
export interface VarSizes {
  readonly depth: number;
  /** Width and heads; 64 · depth and depth where left out (models/__init__.py). */
  readonly width?: number;
  readonly heads?: number;
  readonly patchNums: readonly number[];
  readonly vocabSize?: number;
  readonly channels?: number;
  readonly numClasses?: number;
  readonly sharedAdaLn?: boolean;
  readonly attnL2Norm?: boolean;
}

/** Arguments of the official `VQVAE` class (models/vqvae.py). */
export interface VarTokenizerSizes {
  readonly patchNums: readonly number[];
  readonly vocabSize?: number;
  readonly channels?: number;
  readonly baseChannels?: number;
  readonly multipliers?: readonly number[];
  /** φ layers: 0 one per scale, 1 one for all, else partially shared. */
  readonly phiLayers?: number;
}

/** Scales of the 256×256 and the 512×512 models. */
export const PATCH_NUMS = {
  256: [1, 2, 3, 4, 5, 6, 8, 10, 13, 16],
  512: [1, 2, 3, 4, 6, 9, 13, 18, 24, 32],
} as const;

/** State dict of the VAR transformer with its buffers, initialised as `init_weights` does. */
export function varTransformer(sizes: VarSizes): StateDict {
  const { depth, patchNums, vocabSize = 4096, channels = 32, numClasses = 1000 } = sizes;
  const width = sizes.width ?? 64 * depth;
  const std = Math.sqrt(1 / width / 3);
  const length = patchNums.reduce((sum, side) => sum + side * side, 0);
  return [
    { name: 'pos_start', shape: [1, patchNums[0]! ** 2, width], values: normal(std) },
    { name: 'pos_1LC', shape: [1, length, width], values: normal(std) },
    { name: 'lvl_1L', shape: [1, length], values: { kind: 'levels', patchNums }, type: 'I64' },
    {
      name: 'attn_bias_for_masking',
      shape: [1, 1, length, length],
      values: { kind: 'mask', patchNums },
    },
    ...under('word_embed', linear(channels, width, std)),
    { name: 'class_emb.weight', shape: [numClasses + 1, width], values: normal(std) },
    { name: 'lvl_embed.weight', shape: [patchNums.length, width], values: normal(std) },
    ...(sizes.sharedAdaLn ? under('shared_ada_lin.1', linear(width, 6 * width, std)) : []),
    ...Array.from({ length: depth }, (_, i) => under(`blocks.${i}`, block(sizes, width))).flat(),
    ...under('head_nm.ada_lin.1', linear(width, 2 * width, 0.5 * std)),
    ...under('head', linear(width, vocabSize, 0.02 * std)),
  ];
}

function block(sizes: VarSizes, width: number): OfficialTensor[] {
  const { depth, heads = depth, sharedAdaLn = false, attnL2Norm = true } = sizes;
  const std = Math.sqrt(1 / width / 3);
  const residual = std / Math.sqrt(2 * depth);
  return [
    ...(sharedAdaLn
      ? [{ name: 'ada_gss', shape: [1, 1, 6, width], values: normal(0.5 / Math.sqrt(width)) }]
      : []),
    ...(attnL2Norm
      ? [
          {
            name: 'attn.scale_mul_1H11',
            shape: [1, heads, 1, 1],
            values: constant(Math.log(4)),
          },
        ]
      : []),
    { name: 'attn.q_bias', shape: [width], values: constant(0) },
    { name: 'attn.v_bias', shape: [width], values: constant(0) },
    { name: 'attn.zero_k_bias', shape: [width], values: constant(0) },
    ...under('attn.mat_qkv', linear(width, 3 * width, std, 'no bias')),
    ...under('attn.proj', linear(width, width, residual)),
    ...under('ffn.fc1', linear(width, 4 * width, std)),
    ...under('ffn.fc2', linear(4 * width, width, residual)),
    ...(sharedAdaLn ? [] : under('ada_lin.1', linear(width, 6 * width, 0.5 * std))),
  ];
}

/** State dict of VAR's multi-scale VQ-VAE with its buffer. */
export function varTokenizer(sizes: VarTokenizerSizes): StateDict {
  const { patchNums, vocabSize = 4096, channels = 32, phiLayers = 4 } = sizes;
  const phi = (name: string): OfficialTensor[] =>
    under(`quantize.quant_resi.${name}`, convolution(channels, channels, 3));
  const counted = (prefix: string, count: number): OfficialTensor[] =>
    Array.from({ length: count }, (_, i) => phi(`${prefix}${i}`)).flat();
  return [
    ...under('encoder', encoder(sizes)),
    ...under('decoder', decoder(sizes)),
    {
      name: 'quantize.ema_vocab_hit_SV',
      shape: [patchNums.length, vocabSize],
      values: constant(0),
    },
    ...(phiLayers === 0
      ? counted('', patchNums.length)
      : phiLayers === 1
        ? phi('qresi')
        : counted('qresi_ls.', phiLayers)),
    { name: 'quantize.embedding.weight', shape: [vocabSize, channels], values: normal(1) },
    ...under('quant_conv', convolution(channels, channels, 3)),
    ...under('post_quant_conv', convolution(channels, channels, 3)),
  ];
}

const residual = (inputs: number, outputs: number): OfficialTensor[] =>
  residualBlock(inputs, outputs, ['norm1', 'conv1'], ['norm2', 'conv2']);

const attention = (width: number): OfficialTensor[] => [
  ...under('norm', groupNorm(width)),
  ...under('qkv', convolution(width, 3 * width, 1)),
  ...under('proj_out', convolution(width, width, 1)),
];

function middle(width: number): OfficialTensor[] {
  return [
    ...under('mid.block_1', residual(width, width)),
    ...under('mid.attn_1', attention(width)),
    ...under('mid.block_2', residual(width, width)),
  ];
}

/** `Encoder` of basic_vae.py: two residual blocks a level, attention at the last level. */
function encoder(sizes: VarTokenizerSizes): OfficialTensor[] {
  const { channels = 32, baseChannels = 160, multipliers = [1, 1, 2, 2, 4] } = sizes;
  const last = multipliers.length - 1;
  const entries = under('conv_in', convolution(3, baseChannels, 3));
  let width = baseChannels;
  for (const [level, multiplier] of multipliers.entries()) {
    const outputs = baseChannels * multiplier;
    entries.push(...levelBlocks(`down.${level}`, width, outputs, 2, level === last));
    width = outputs;
    if (level < last) {
      entries.push(...under(`down.${level}.downsample.conv`, convolution(width, width, 3)));
    }
  }
  return [
    ...entries,
    ...middle(width),
    ...under('norm_out', groupNorm(width)),
    ...under('conv_out', convolution(width, channels, 3)),
  ];
}

/** `Decoder` of basic_vae.py, whose levels are listed from the finest one on. */
function decoder(sizes: VarTokenizerSizes): OfficialTensor[] {
  const { channels = 32, baseChannels = 160, multipliers = [1, 1, 2, 2, 4] } = sizes;
  const last = multipliers.length - 1;
  const widest = baseChannels * multipliers[last]!;
  const levels = multipliers.map((multiplier, level) => {
    const inputs = baseChannels * (multipliers[level + 1] ?? multiplier);
    const outputs = baseChannels * multiplier;
    const name = `up.${level}`;
    return [
      ...levelBlocks(name, inputs, outputs, 3, level === last),
      ...(level === 0 ? [] : under(`${name}.upsample.conv`, convolution(outputs, outputs, 3))),
    ];
  });
  return [
    ...under('conv_in', convolution(channels, widest, 3)),
    ...middle(widest),
    ...levels.flat(),
    ...under('norm_out', groupNorm(baseChannels * multipliers[0]!)),
    ...under('conv_out', convolution(baseChannels * multipliers[0]!, 3, 3)),
  ];
}

function levelBlocks(
  name: string,
  inputs: number,
  outputs: number,
  count: number,
  attends: boolean,
): OfficialTensor[] {
  const blocks = Array.from({ length: count }, (_, i) =>
    under(`${name}.block.${i}`, residual(i === 0 ? inputs : outputs, outputs)),
  );
  const attentions = Array.from({ length: attends ? count : 0 }, (_, i) =>
    under(`${name}.attn.${i}`, attention(outputs)),
  );
  return [...blocks, ...attentions].flat();
}
