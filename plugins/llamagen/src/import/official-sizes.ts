import type { OfficialSettings } from '@ar-distill/core';

/** Settings of the official code (both `ModelArgs`, gpt.py and vq_model.py) by their names there. */
export const OFFICIAL_SETTINGS: OfficialSettings = {
  keys: {
    dim: 'width',
    n_layer: 'depth',
    n_head: 'heads',
    n_kv_head: 'keyValueHeads',
    multiple_of: 'multipleOf',
    ffn_dim_multiplier: 'feedForwardMultiplier',
    rope_base: 'ropeBase',
    norm_eps: 'normEpsilon',
    class_dropout_prob: 'labelDropout',
    num_classes: 'numClasses',
    vocab_size: 'vocabSize',
    grid: 'gridSize',
    codebook_size: 'vocabSize',
    codebook_embed_dim: 'channels',
    encoder_ch_mult: 'tokenizer.channelMultipliers',
    z_channels: 'tokenizer.latentChannels',
  },
  fixed: { cls_token_num: 1, model_type: 'c2i', codebook_l2_norm: true },
  others: [
    'block_size',
    'caption_dim',
    'initializer_range',
    'token_dropout_p',
    'attn_dropout_p',
    'resid_dropout_p',
    'ffn_dropout_p',
    'drop_path_rate',
    'max_batch_size',
    'max_seq_len',
    'codebook_show_usage',
    'commit_loss_beta',
    'entropy_loss_ratio',
    'dropout_p',
  ],
};

/** Sizes of gpt.py: what tells the number of heads, which no tensor does. */
export interface OfficialSize {
  readonly label: string;
  readonly depth: number;
  readonly heads: number;
  readonly width: number;
}

const size = (label: string, depth: number, heads: number, width: number): OfficialSize => ({
  label,
  depth,
  heads,
  width,
});

/** `GPT_B` … `GPT_7B` of gpt.py; checkpoints of the first five are public. */
export const OFFICIAL_SIZES: readonly OfficialSize[] = [
  size('B', 12, 12, 768),
  size('L', 24, 16, 1024),
  size('XL', 36, 20, 1280),
  size('XXL', 48, 24, 1536),
  size('3B', 24, 32, 3200),
  size('XXXL', 48, 40, 2560),
  size('1B', 22, 32, 2048),
  size('7B', 32, 32, 4096),
];

/** Pixels per token and axis of VQ-16, with which all official class-conditional models were trained. */
export const DOWNSAMPLING = 16;

/** The image size in the name of an official file: `c2i_L_384.pt`. */
export function imageSizeOfName(fileName: string): number | undefined {
  const digits = /^c2i_\w+_(256|384)\.pt$/.exec(fileName)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
