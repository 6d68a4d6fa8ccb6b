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

/** Arguments of the official c2i `Transformer` (gpt.py). */
export interface LlamagenSizes {
  readonly depth: number;
  readonly heads: number;
  readonly width: number;
  /** Heads of keys and values; `heads` where left out. */
  readonly keyValueHeads?: number;
  readonly multipleOf?: number;
  readonly vocabSize?: number;
  readonly numClasses?: number;
}

/** Arguments of the official `VQModel` (vq_model.py). */
export interface LlamagenTokenizerSizes {
  readonly multipliers?: readonly number[];
  readonly baseChannels?: number;
  readonly vocabSize?: number;
  readonly channels?: number;
  readonly latentChannels?: number;
}

/** `GPT_B` … `GPT_3B`. */
export const LLAMAGEN_SIZES: Readonly<Record<string, LlamagenSizes>> = {
  B: { depth: 12, heads: 12, width: 768 },
  L: { depth: 24, heads: 16, width: 1024 },
  XL: { depth: 36, heads: 20, width: 1280 },
  XXL: { depth: 48, heads: 24, width: 1536 },
  '3B': { depth: 24, heads: 32, width: 3200 },
};

const STD = 0.02;

/**
 * State dict of the c2i transformer; it has no buffers. The official output layer starts at zero,
 * which would make all tokens equally likely: here it starts like the other layers.
 */
export function llamagenTransformer(sizes: LlamagenSizes): StateDict {
  const { depth, width, vocabSize = 16384, numClasses = 1000 } = sizes;
  return [
    {
      name: 'cls_embedding.embedding_table.weight',
      shape: [numClasses + 1, width],
      values: normal(STD),
    },
    { name: 'tok_embeddings.weight', shape: [vocabSize, width], values: normal(STD) },
    ...Array.from({ length: depth }, (_, i) => under(`layers.${i}`, block(sizes))).flat(),
    { name: 'norm.weight', shape: [width], values: constant(1) },
    ...under('output', linear(width, vocabSize, STD, 'no bias')),
  ];
}

function block(sizes: LlamagenSizes): OfficialTensor[] {
  const { width, heads, keyValueHeads = heads, multipleOf = 256 } = sizes;
  const hidden = Math.ceil(Math.floor((8 * width) / 3) / multipleOf) * multipleOf;
  const matrix = (name: string, inputs: number, outputs: number): OfficialTensor[] =>
    under(name, linear(inputs, outputs, STD, 'no bias'));
  return [
    ...matrix('attention.wqkv', width, width + 2 * (width / heads) * keyValueHeads),
    ...matrix('attention.wo', width, width),
    ...matrix('feed_forward.w1', width, hidden),
    ...matrix('feed_forward.w3', width, hidden),
    ...matrix('feed_forward.w2', hidden, width),
    { name: 'attention_norm.weight', shape: [width], values: constant(1) },
    { name: 'ffn_norm.weight', shape: [width], values: constant(1) },
  ];
}

/** State dict of the VQ-16 tokenizer (VQ-8 with four levels) with its buffer. */
export function llamagenTokenizer(sizes: LlamagenTokenizerSizes = {}): StateDict {
  const { vocabSize = 16384, channels = 8, latentChannels = 256 } = sizes;
  return [
    ...under('encoder', encoder(sizes)),
    ...under('decoder', decoder(sizes)),
    { name: 'quantize.codebook_used', shape: [65536], values: constant(0) },
    {
      name: 'quantize.embedding.weight',
      shape: [vocabSize, channels],
      values: { kind: 'uniform', bound: 1 / vocabSize },
    },
    ...under('quant_conv', convolution(latentChannels, channels, 1)),
    ...under('post_quant_conv', convolution(channels, latentChannels, 1)),
  ];
}

const residual = (inputs: number, outputs: number): OfficialTensor[] =>
  residualBlock(inputs, outputs, ['norm1', 'conv1'], ['norm2', 'conv2']);

const attention = (width: number): OfficialTensor[] => [
  ...under('norm', groupNorm(width)),
  ...['q', 'k', 'v', 'proj_out'].flatMap((name) => under(name, convolution(width, width, 1))),
];

function middle(width: number): OfficialTensor[] {
  return [
    ...under('mid.0', residual(width, width)),
    ...under('mid.1', attention(width)),
    ...under('mid.2', residual(width, width)),
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
    under(`${name}.res.${i}`, residual(i === 0 ? inputs : outputs, outputs)),
  );
  const attentions = Array.from({ length: attends ? count : 0 }, (_, i) =>
    under(`${name}.attn.${i}`, attention(outputs)),
  );
  return [...blocks, ...attentions].flat();
}

function encoder(sizes: LlamagenTokenizerSizes): OfficialTensor[] {
  const { baseChannels = 128, multipliers = [1, 1, 2, 2, 4], latentChannels = 256 } = sizes;
  const last = multipliers.length - 1;
  const entries = under('conv_in', convolution(3, baseChannels, 3));
  let width = baseChannels;
  for (const [level, multiplier] of multipliers.entries()) {
    const name = `conv_blocks.${level}`;
    const outputs = baseChannels * multiplier;
    entries.push(...levelBlocks(name, width, outputs, 2, level === last));
    width = outputs;
    if (level < last) {
      entries.push(...under(`${name}.downsample.conv`, convolution(width, width, 3)));
    }
  }
  return [
    ...entries,
    ...middle(width),
    ...under('norm_out', groupNorm(width)),
    ...under('conv_out', convolution(width, latentChannels, 3)),
  ];
}

/** Its levels are numbered in the order in which they run, the coarsest first. */
function decoder(sizes: LlamagenTokenizerSizes): OfficialTensor[] {
  const { baseChannels = 128, multipliers = [1, 1, 2, 2, 4], latentChannels = 256 } = sizes;
  const last = multipliers.length - 1;
  let width = baseChannels * multipliers[last]!;
  const entries = [...under('conv_in', convolution(latentChannels, width, 3)), ...middle(width)];
  for (const [level, multiplier] of multipliers.toReversed().entries()) {
    const name = `conv_blocks.${level}`;
    const outputs = baseChannels * multiplier;
    entries.push(...levelBlocks(name, width, outputs, 3, level === 0));
    width = outputs;
    if (level < last) {
      entries.push(...under(`${name}.upsample.conv`, convolution(width, width, 3)));
    }
  }
  return [
    ...entries,
    ...under('norm_out', groupNorm(width)),
    ...under('conv_out', convolution(width, 3, 3)),
  ];
}
