import type { OfficialSettings } from '@ar-distill/core';

/** Scales of the official models (train.py's `--pn`): what a transformer's tensors only hint at. */
export const OFFICIAL_PATCH_NUMS: readonly (readonly number[])[] = [
  [1, 2, 3, 4, 5, 6, 8, 10, 13, 16],
  [1, 2, 3, 4, 6, 9, 13, 18, 24, 32],
];

/** `build_vae_var`: the width is 64 per head, and there are as many heads as blocks. */
export const HEAD_WIDTH = 64;

/** Sizes of `vae_ch160v4096z32.pth`. */
export const OFFICIAL_TOKENIZER = { vocabSize: 4096, channels: 32, baseChannels: 160 } as const;

/** Settings of the official code (`build_vae_var`, `VAR`, `VQVAE`) by their names there. */
export const OFFICIAL_SETTINGS: OfficialSettings = {
  keys: {
    patch_nums: 'patchNums',
    v_patch_nums: 'patchNums',
    vocab_size: 'vocabSize',
    V: 'vocabSize',
    z_channels: 'channels',
    Cvae: 'channels',
    num_classes: 'numClasses',
    embed_dim: 'width',
    num_heads: 'heads',
    mlp_ratio: 'mlpRatio',
    shared_aln: 'sharedAdaLn',
    attn_l2_norm: 'attnL2Norm',
    cond_drop_rate: 'labelDropout',
    ch: 'tokenizer.baseChannels',
    share_quant_resi: 'phi.layers',
    quant_resi: 'phi.ratio',
  },
  fixed: { norm_eps: 1e-6, using_znorm: false, quant_conv_ks: 3 },
  others: [
    'drop_rate',
    'attn_drop_rate',
    'drop_path_rate',
    'dropout',
    'beta',
    'default_qresi_counts',
    'test_mode',
    'flash_if_available',
    'fused_if_available',
  ],
};

/** Tokens of all scales. */
export function sequenceLength(patchNums: readonly number[]): number {
  return patchNums.reduce((sum, side) => sum + side * side, 0);
}
