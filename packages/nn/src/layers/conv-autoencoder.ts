import type { ConvLayer } from './conv-stack';

/** Sizes of a VQ tokenizer's encoder and decoder. */
export interface ConvAutoencoderSizes {
  readonly imageChannels: number;
  /** Channels that the encoder ends with and the decoder starts with. */
  readonly latentChannels: number;
  readonly baseChannels: number;
  /** Width of every level over `baseChannels`; each level but the last halves the image. */
  readonly channelMultipliers: readonly number[];
  /** Residual blocks per level of the encoder; the decoder has one more. */
  readonly residualBlocks: number;
  /** Self-attention at the last level and in the middle. */
  readonly attention: boolean;
}

/** How a family of checkpoints names the layers; the layers themselves are the same. */
export interface ConvAutoencoderNames {
  readonly projections: Extract<ConvLayer, { kind: 'attention' }>['projections'];
  /** Of a level of the encoder, from the full resolution (0) down. */
  encoderLevel(level: number): string;
  /** Of a level of the decoder, which runs from the last level up to the full resolution (0). */
  decoderLevel(level: number): string;
  /** Of a level's residual blocks and attentions, within the level. */
  residual(block: number): string;
  attention(block: number): string;
  /** Of the two residual blocks around the middle attention, and of that. */
  readonly middle: { readonly residual: readonly [string, string]; readonly attention: string };
}

/** Layers of the encoder: image channels → latent channels, each level but the last halving. */
export function encoderLayers(
  sizes: ConvAutoencoderSizes,
  names: ConvAutoencoderNames,
): ConvLayer[] {
  const { baseChannels, channelMultipliers, imageChannels, latentChannels } = sizes;
  const last = channelMultipliers.length - 1;
  const layers: ConvLayer[] = [
    { kind: 'conv', name: 'encoder.conv_in', inputs: imageChannels, outputs: baseChannels },
  ];
  let channels = baseChannels;
  for (const [level, multiplier] of channelMultipliers.entries()) {
    const name = `encoder.${names.encoderLevel(level)}`;
    const outputs = baseChannels * multiplier;
    const attended = level === last && sizes.attention;
    layers.push(...levelLayers(names, name, channels, outputs, sizes.residualBlocks, attended));
    channels = outputs;
    if (level < last) layers.push({ kind: 'downsample', name: `${name}.downsample`, channels });
  }
  return [
    ...layers,
    ...middleLayers(names, 'encoder.mid', channels, sizes.attention),
    { kind: 'norm', name: 'encoder.norm_out', channels },
    { kind: 'conv', name: 'encoder.conv_out', inputs: channels, outputs: latentChannels },
  ];
}

/** Layers of the decoder: latent channels → image channels, each level but the first doubling. */
export function decoderLayers(
  sizes: ConvAutoencoderSizes,
  names: ConvAutoencoderNames,
): ConvLayer[] {
  const { baseChannels, channelMultipliers, imageChannels, latentChannels } = sizes;
  const last = channelMultipliers.length - 1;
  let channels = baseChannels * channelMultipliers[last]!;
  const layers: ConvLayer[] = [
    { kind: 'conv', name: 'decoder.conv_in', inputs: latentChannels, outputs: channels },
    ...middleLayers(names, 'decoder.mid', channels, sizes.attention),
  ];
  for (let level = last; level >= 0; level--) {
    const name = `decoder.${names.decoderLevel(level)}`;
    const outputs = baseChannels * channelMultipliers[level]!;
    const attended = level === last && sizes.attention;
    layers.push(...levelLayers(names, name, channels, outputs, sizes.residualBlocks + 1, attended));
    channels = outputs;
    if (level > 0) layers.push({ kind: 'upsample', name: `${name}.upsample`, channels });
  }
  return [
    ...layers,
    { kind: 'norm', name: 'decoder.norm_out', channels },
    { kind: 'conv', name: 'decoder.conv_out', inputs: channels, outputs: imageChannels },
  ];
}

function levelLayers(
  names: ConvAutoencoderNames,
  level: string,
  inputs: number,
  outputs: number,
  blocks: number,
  attended: boolean,
): ConvLayer[] {
  const layers: ConvLayer[] = [];
  for (let block = 0; block < blocks; block++) {
    layers.push({
      kind: 'residual',
      name: `${level}.${names.residual(block)}`,
      inputs: block === 0 ? inputs : outputs,
      outputs,
    });
    if (attended) layers.push(attentionLayer(names, `${level}.${names.attention(block)}`, outputs));
  }
  return layers;
}

function middleLayers(
  names: ConvAutoencoderNames,
  prefix: string,
  channels: number,
  attended: boolean,
): ConvLayer[] {
  const { residual, attention } = names.middle;
  const [before, after] = residual.map((name): ConvLayer => ({
    kind: 'residual',
    name: `${prefix}.${name}`,
    inputs: channels,
    outputs: channels,
  })) as [ConvLayer, ConvLayer];
  if (!attended) return [before, after];
  return [before, attentionLayer(names, `${prefix}.${attention}`, channels), after];
}

function attentionLayer(
  { projections }: ConvAutoencoderNames,
  name: string,
  channels: number,
): ConvLayer {
  return { kind: 'attention', projections, name, channels };
}
