/** Scales of the official models (train.py's `--pn`): what a transformer's tensors only hint at. */
export const OFFICIAL_PATCH_NUMS: readonly (readonly number[])[] = [
  [1, 2, 3, 4, 5, 6, 8, 10, 13, 16],
  [1, 2, 3, 4, 6, 9, 13, 18, 24, 32],
];

/** Side of the image over that of the last scale: the official tokenizer halves four times. */
export const DOWNSAMPLING = 16;

/** `build_vae_var`: the width is 64 per head, and there are as many heads as blocks. */
export const HEAD_WIDTH = 64;

/** Sizes of `vae_ch160v4096z32.pth`. */
export const OFFICIAL_TOKENIZER = { vocabSize: 4096, channels: 32, baseChannels: 160 } as const;

/** Tokens of all scales. */
export function sequenceLength(patchNums: readonly number[]): number {
  return patchNums.reduce((sum, side) => sum + side * side, 0);
}
