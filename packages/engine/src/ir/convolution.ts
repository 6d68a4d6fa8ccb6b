import type { Attribute } from './types';

/** A 2-D convolution over NHWC with HWIO filters, every size worked out. */
export interface Convolution {
  readonly batch: number;
  readonly inputSize: readonly [number, number];
  readonly inputChannels: number;
  readonly outputSize: readonly [number, number];
  readonly outputChannels: number;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Rows or columns of zeros: [top, left] and [bottom, right]. */
  readonly padBefore: readonly [number, number];
  readonly padAfter: readonly [number, number];
}

/** Attributes of tfjs convolution kernels. */
export interface ConvolutionAttributes {
  readonly strides?: Attribute;
  readonly pad?: Attribute;
  readonly dilations?: Attribute;
  readonly dataFormat?: Attribute;
}

/**
 * Sizes of a convolution from the shapes of its input [B, H, W, I] and filter [h, w, I, O].
 * @throws Error for grouped convolutions and other data formats.
 */
export function convolution(
  inputShape: readonly number[],
  filterShape: readonly number[],
  attributes: ConvolutionAttributes,
): Convolution {
  const [batch, height, width, inputChannels] = inputShape as [number, number, number, number];
  const [h, w, filterChannels, outputChannels] = filterShape as [number, number, number, number];
  if (attributes.dataFormat !== undefined && attributes.dataFormat !== 'NHWC') {
    throw new Error(`Convolutions must be NHWC, not ${JSON.stringify(attributes.dataFormat)}.`);
  }
  if (filterChannels !== inputChannels) {
    throw new Error(
      `A filter for ${filterChannels} channels cannot read ${inputChannels}: grouped convolutions cannot be compiled.`,
    );
  }
  const strides = pair(attributes.strides ?? 1);
  const dilations = pair(attributes.dilations ?? 1);
  const axes = [
    axisGeometry(height, h, strides[0], dilations[0], attributes.pad, 1),
    axisGeometry(width, w, strides[1], dilations[1], attributes.pad, 2),
  ] as const;
  return {
    batch,
    inputSize: [height, width],
    inputChannels,
    outputSize: [axes[0].output, axes[1].output],
    outputChannels,
    kernel: [h, w],
    strides,
    dilations,
    padBefore: [axes[0].before, axes[1].before],
    padAfter: [axes[0].after, axes[1].after],
  };
}

/** Sizes of a pooling over images [B, H, W, C] with windows of `filterSize`, channel by channel. */
export function pooling(
  inputShape: readonly number[],
  attributes: ConvolutionAttributes & { readonly filterSize?: Attribute },
): Convolution {
  const channels = inputShape[3]!;
  const [height, width] = pair(attributes.filterSize);
  return convolution(inputShape, [height, width, channels, 1], attributes);
}

function axisGeometry(
  input: number,
  kernel: number,
  stride: number,
  dilation: number,
  pad: Attribute,
  axis: number,
): { output: number; before: number; after: number } {
  const span = (kernel - 1) * dilation + 1;
  let before: number;
  let after: number;
  if (pad === 'same') {
    const output = Math.ceil(input / stride);
    const total = Math.max(0, (output - 1) * stride + span - input);
    before = Math.floor(total / 2);
    after = total - before;
  } else if (pad === 'valid' || pad === undefined) {
    before = after = 0;
  } else if (typeof pad === 'number') {
    before = after = pad;
  } else if (Array.isArray(pad)) {
    [before, after] = pad[axis] as [number, number];
  } else {
    throw new Error(`Unknown padding of a convolution: ${JSON.stringify(pad)}.`);
  }
  return { output: Math.floor((input + before + after - span) / stride) + 1, before, after };
}

function pair(value: Attribute): [number, number] {
  if (typeof value === 'number') return [value, value];
  if (Array.isArray(value) && value.length === 2) return [value[0] as number, value[1] as number];
  throw new Error(`Expected one number or two, not ${JSON.stringify(value)}.`);
}
