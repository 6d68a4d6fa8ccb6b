import type { HostTensors } from '@ar-distill/program';
import { CODEBOOK } from '../quantizer/multi-scale-quantizer';

/** Moving average of how often each scale uses each code (an official buffer), [S, V]. */
export const HITS = 'quantize.ema_vocab_hit_SV';

/**
 * The codeScale that gives tokens unit size: one over the root mean square of the codes' channels,
 * every code counted as often as training used it lately (all alike when that was not recorded).
 * Noise is N(0, 1), so unscaled codes far below that would carry information at small t only.
 */
export function unitCodeScale(weights: Readonly<HostTensors>): number {
  const codebook = weights[CODEBOOK];
  if (!codebook) throw new Error(`The tokenizer's weights lack "${CODEBOOK}".`);
  const [vocabSize, channels] = codebook.shape as [number, number];
  const hits = weights[HITS];
  let squares = 0;
  let total = 0;
  for (let code = 0; code < vocabSize; code++) {
    let uses = hits ? 0 : 1;
    for (let i = code; hits && i < hits.data.length; i += vocabSize) uses += hits.data[i]!;
    for (let c = 0; c < channels; c++) squares += uses * codebook.data[code * channels + c]! ** 2;
    total += uses * channels;
  }
  return Math.sqrt(total / squares);
}
