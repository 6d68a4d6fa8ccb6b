import type { ConvLayer } from '@ar-distill/nn';
import type { LlamagenArchitecture } from '../architecture';

/** Layers of the encoder: image channels → latent channels, each level but the last halving. */
export function encoderLayers({ tokenizer }: LlamagenArchitecture): ConvLayer[] {
  const { baseChannels, channelMultipliers, residualBlocks, imageChannels } = tokenizer;
  const last = channelMultipliers.length - 1;
  const layers: ConvLayer[] = [
    { kind: 'conv', name: 'encoder.conv_in', inputs: imageChannels, outputs: baseChannels },
  ];
  let channels = baseChannels;
  for (const [level, multiplier] of channelMultipliers.entries()) {
    const name = `encoder.conv_blocks.${level}`;
    const withAttention = level === last && tokenizer.attention;
    const outputs = baseChannels * multiplier;
    layers.push(...levelLayers(name, channels, outputs, residualBlocks, withAttention));
    channels = outputs;
    if (level < last) layers.push({ kind: 'downsample', name: `${name}.downsample`, channels });
  }
  return [
    ...layers,
    ...middleLayers('encoder.mid', channels, tokenizer.attention),
    { kind: 'norm', name: 'encoder.norm_out', channels },
    {
      kind: 'conv',
      name: 'encoder.conv_out',
      inputs: channels,
      outputs: tokenizer.latentChannels,
    },
  ];
}

/** Layers of the decoder: latent channels → image channels, each level but the last doubling. */
export function decoderLayers({ tokenizer }: LlamagenArchitecture): ConvLayer[] {
  const { baseChannels, channelMultipliers, residualBlocks, imageChannels } = tokenizer;
  const last = channelMultipliers.length - 1;
  let channels = baseChannels * channelMultipliers[last]!;
  const layers: ConvLayer[] = [
    {
      kind: 'conv',
      name: 'decoder.conv_in',
      inputs: tokenizer.latentChannels,
      outputs: channels,
    },
    ...middleLayers('decoder.mid', channels, tokenizer.attention),
  ];
  // The official decoder numbers its levels in the order in which they run.
  for (const [level, multiplier] of [...channelMultipliers].reverse().entries()) {
    const name = `decoder.conv_blocks.${level}`;
    const withAttention = level === 0 && tokenizer.attention;
    const outputs = baseChannels * multiplier;
    layers.push(...levelLayers(name, channels, outputs, residualBlocks + 1, withAttention));
    channels = outputs;
    if (level < last) layers.push({ kind: 'upsample', name: `${name}.upsample`, channels });
  }
  return [
    ...layers,
    { kind: 'norm', name: 'decoder.norm_out', channels },
    { kind: 'conv', name: 'decoder.conv_out', inputs: channels, outputs: imageChannels },
  ];
}

function levelLayers(
  name: string,
  inputs: number,
  outputs: number,
  blocks: number,
  withAttention: boolean,
): ConvLayer[] {
  return Array.from({ length: blocks }, (_, block): ConvLayer[] => [
    {
      kind: 'residual',
      name: `${name}.res.${block}`,
      inputs: block === 0 ? inputs : outputs,
      outputs,
    },
    ...(withAttention
      ? [
          {
            kind: 'attention' as const,
            projections: 'separate' as const,
            name: `${name}.attn.${block}`,
            channels: outputs,
          },
        ]
      : []),
  ]).flat();
}

function middleLayers(name: string, channels: number, withAttention: boolean): ConvLayer[] {
  const block = (index: number): ConvLayer => ({
    kind: 'residual',
    name: `${name}.${index}`,
    inputs: channels,
    outputs: channels,
  });
  const attention: ConvLayer = {
    kind: 'attention',
    projections: 'separate',
    name: `${name}.1`,
    channels,
  };
  return withAttention ? [block(0), attention, block(2)] : [block(0), block(2)];
}
