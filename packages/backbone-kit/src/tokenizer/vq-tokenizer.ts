import { ImageTokenizer, type SequenceLayout, sequenceLength } from '@ar-distill/core';
import {
  conv2d,
  conv2dSpecs,
  type ConvAutoencoderNames,
  type ConvLayer,
  convLayerSpecs,
  decoderLayers,
  encoderLayers,
  type Parameters,
  type ParameterSpecs,
  prefixed,
  runConvLayers,
} from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import { latentSide, type VqTokenizerSizes } from '../architecture/architecture-fields';
import { type CodebookSizes, nearestUnitCodes, unitCodebookSpecs, unitCodes } from './unit-codes';

/** What an architecture says of its tokenizer. */
export interface TokenizedSizes extends CodebookSizes {
  readonly tokenizer: VqTokenizerSizes;
}

/**
 * The VQ tokenizer that VQGAN, LlamaGen (VQ-16, VQ-8) and others after them share: a convolutional encoder and
 * decoder, one token per cell of a square grid, codes of unit length. Parameters have the names of LlamaGen's
 * vq_model.py. Without an `order` tokens stand in raster order.
 */
export class VqTokenizer extends ImageTokenizer {
  readonly imageShape: readonly [number, number, number];
  readonly vocabSize: number;
  readonly parameterSpecs: ParameterSpecs;
  private readonly encoder: readonly ConvLayer[];
  private readonly decoder: readonly ConvLayer[];
  private readonly gridSize: number;

  /**
   * `order` names the cell (row · side + column) that every position of the sequence stands for.
   * @throws RangeError when the layout, or the order, does not have every cell of the grid once.
   */
  constructor(
    private readonly sizes: TokenizedSizes,
    readonly layout: SequenceLayout,
    private readonly order?: readonly number[],
  ) {
    super();
    const { tokenizer, channels, vocabSize } = sizes;
    this.imageShape = [tokenizer.imageSize, tokenizer.imageSize, tokenizer.imageChannels];
    this.vocabSize = vocabSize;
    this.gridSize = latentSide(tokenizer).side;
    checkOrder(this.gridSize ** 2, sequenceLength(layout), order);
    const names = vqNames(tokenizer);
    this.encoder = encoderLayers(tokenizer, names);
    this.decoder = decoderLayers(tokenizer, names);
    this.parameterSpecs = {
      ...convLayerSpecs(this.encoder),
      ...convLayerSpecs(this.decoder),
      ...prefixed('quant_conv', conv2dSpecs(tokenizer.latentChannels, channels, 1)),
      ...prefixed('post_quant_conv', conv2dSpecs(channels, tokenizer.latentChannels, 1)),
      ...unitCodebookSpecs(sizes),
    };
  }

  /** Codes [V, C] of unit length. */
  codebook(parameters: Parameters): tf.Tensor {
    return unitCodes(parameters);
  }

  encode(parameters: Parameters, images: tf.Tensor): tf.Tensor {
    return nearestUnitCodes(parameters, this.encoderFeatures(parameters, images));
  }

  /** As in the base class, not clamped; the code vectors are not normalised. */
  decode(parameters: Parameters, codeVectors: tf.Tensor): tf.Tensor {
    const { gridSize, order } = this;
    const { channels, tokenizer } = this.sizes;
    const cells = order ? reordered(codeVectors, inverseOf(order)) : codeVectors;
    const map = cells.reshape([-1, gridSize, gridSize, channels]);
    const latent = conv2d(parameters, 'post_quant_conv', map);
    return runConvLayers(this.decoder, parameters, latent, tokenizer.groups);
  }

  /** `images` [B, H, W, channels] → features before normalisation and quantisation, [B, n, C]. */
  encoderFeatures(parameters: Parameters, images: tf.Tensor): tf.Tensor {
    const { channels, tokenizer } = this.sizes;
    const encoded = runConvLayers(this.encoder, parameters, images, tokenizer.groups);
    const [batch, height, width] = encoded.shape as [number, number, number, number];
    const cells = conv2d(parameters, 'quant_conv', encoded).reshape([
      batch,
      height * width,
      channels,
    ]);
    return this.order ? reordered(cells, this.order) : cells;
  }
}

/** Names of vq_model.py, whose decoder numbers its levels in the order in which they run. */
function vqNames({ channelMultipliers }: VqTokenizerSizes): ConvAutoencoderNames {
  const last = channelMultipliers.length - 1;
  return {
    projections: 'separate',
    encoderLevel: (level) => `conv_blocks.${level}`,
    decoderLevel: (level) => `conv_blocks.${last - level}`,
    residual: (block) => `res.${block}`,
    attention: (block) => `attn.${block}`,
    middle: { residual: ['0', '2'], attention: '1' },
  };
}

/** Positions of `sequence` [B, n, C] picked by their numbers. */
function reordered(sequence: tf.Tensor, order: readonly number[]): tf.Tensor {
  return tf.gather(sequence, tf.tensor1d([...order], 'int32'), 1);
}

/** The position of every cell, for an order that gives the cell of every position. */
function inverseOf(order: readonly number[]): number[] {
  const positions = new Array<number>(order.length);
  order.forEach((cell, position) => (positions[cell] = position));
  return positions;
}

function checkOrder(cells: number, length: number, order?: readonly number[]): void {
  if (length !== cells) {
    throw new RangeError(
      `A layout of ${length} tokens does not fit to a tokenizer of ${cells} cells: make one position for each.`,
    );
  }
  if (!order) return;
  const known = new Set(
    order.filter((cell) => Number.isInteger(cell) && cell >= 0 && cell < cells),
  );
  if (order.length !== cells || known.size !== cells) {
    throw new RangeError(
      `The order of the tokens must hold each of the cells 0 to ${cells - 1} once.`,
    );
  }
}
