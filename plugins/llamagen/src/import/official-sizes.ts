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
