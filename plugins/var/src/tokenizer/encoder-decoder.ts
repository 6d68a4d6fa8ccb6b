import type { ConvLayer } from '@ar-distill/nn';
import type { VarArchitecture } from '../architecture';

/** Layers of the encoder: image channels → C, each level but the last halving the image. */
export function encoderLayers({ channels, tokenizer }: VarArchitecture): ConvLayer[] {
  const { baseChannels, channelMultipliers, residualBlocks, imageChannels } = tokenizer;
  const last = channelMultipliers.length - 1;
  const layers: ConvLayer[] = [
    { kind: 'conv', name: 'encoder.conv_in', inputs: imageChannels, outputs: baseChannels },
  ];
  let width = baseChannels;
  for (const [level, multiplier] of channelMultipliers.entries()) {
    const outputs = baseChannels * multiplier;
    for (let block = 0; block < residualBlocks; block++) {
      layers.push({
        kind: 'residual',
        name: `encoder.down.${level}.block.${block}`,
        inputs: width,
        outputs,
      });
      width = outputs;
      if (level === last && tokenizer.attention) {
        layers.push({
          kind: 'attention',
          projections: 'joined',
          name: `encoder.down.${level}.attn.${block}`,
          channels: width,
        });
      }
    }
    if (level < last) {
      layers.push({
        kind: 'downsample',
        name: `encoder.down.${level}.downsample`,
        channels: width,
      });
    }
  }
  layers.push(...middleLayers('encoder.mid', width, tokenizer.attention));
  layers.push({ kind: 'norm', name: 'encoder.norm_out', channels: width });
  layers.push({ kind: 'conv', name: 'encoder.conv_out', inputs: width, outputs: channels });
  return layers;
}

/** Layers of the decoder: C → image channels, each level but the first doubling the image. */
export function decoderLayers({ channels, tokenizer }: VarArchitecture): ConvLayer[] {
  const { baseChannels, channelMultipliers, residualBlocks, imageChannels } = tokenizer;
  const last = channelMultipliers.length - 1;
  let width = baseChannels * channelMultipliers[last]!;
  const layers: ConvLayer[] = [
    { kind: 'conv', name: 'decoder.conv_in', inputs: channels, outputs: width },
    ...middleLayers('decoder.mid', width, tokenizer.attention),
  ];
  for (let level = last; level >= 0; level--) {
    const outputs = baseChannels * channelMultipliers[level]!;
    for (let block = 0; block <= residualBlocks; block++) {
      layers.push({
        kind: 'residual',
        name: `decoder.up.${level}.block.${block}`,
        inputs: width,
        outputs,
      });
      width = outputs;
      if (level === last && tokenizer.attention) {
        layers.push({
          kind: 'attention',
          projections: 'joined',
          name: `decoder.up.${level}.attn.${block}`,
          channels: width,
        });
      }
    }
    if (level > 0) {
      layers.push({ kind: 'upsample', name: `decoder.up.${level}.upsample`, channels: width });
    }
  }
  layers.push({ kind: 'norm', name: 'decoder.norm_out', channels: width });
  layers.push({ kind: 'conv', name: 'decoder.conv_out', inputs: width, outputs: imageChannels });
  return layers;
}

function middleLayers(name: string, channels: number, withAttention: boolean): ConvLayer[] {
  const block = (index: number): ConvLayer => ({
    kind: 'residual',
    name: `${name}.block_${index}`,
    inputs: channels,
    outputs: channels,
  });
  const attention: ConvLayer = {
    kind: 'attention',
    projections: 'joined',
    name: `${name}.attn_1`,
    channels,
  };
  return withAttention ? [block(1), attention, block(2)] : [block(1), block(2)];
}
