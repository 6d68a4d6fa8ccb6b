import type { ConvAutoencoderNames } from '@ar-distill/nn';
import type { LlamagenArchitecture } from '../architecture';

/** Names of LlamaGen's vq_model.py, whose decoder numbers its levels in the order in which they run. */
export function llamagenNames({ tokenizer }: LlamagenArchitecture): ConvAutoencoderNames {
  const last = tokenizer.channelMultipliers.length - 1;
  return {
    projections: 'separate',
    encoderLevel: (level) => `conv_blocks.${level}`,
    decoderLevel: (level) => `conv_blocks.${last - level}`,
    residual: (block) => `res.${block}`,
    attention: (block) => `attn.${block}`,
    middle: { residual: ['0', '2'], attention: '1' },
  };
}
