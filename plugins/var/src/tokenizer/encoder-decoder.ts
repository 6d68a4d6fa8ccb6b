import type { ConvAutoencoderNames, ConvAutoencoderSizes } from '@ar-distill/nn';
import type { VarArchitecture } from '../architecture';

/** Names of VAR's basic_vae.py. */
export const VAR_NAMES: ConvAutoencoderNames = {
  projections: 'joined',
  encoderLevel: (level) => `down.${level}`,
  decoderLevel: (level) => `up.${level}`,
  residual: (block) => `block.${block}`,
  attention: (block) => `attn.${block}`,
  middle: { residual: ['block_1', 'block_2'], attention: 'attn_1' },
};

/** The encoder ends with C channels, like the codes. */
export function autoencoderSizes({ channels, tokenizer }: VarArchitecture): ConvAutoencoderSizes {
  return { ...tokenizer, latentChannels: channels };
}
