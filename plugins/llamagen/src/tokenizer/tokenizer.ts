import { ImageTokenizer, type SequenceLayout } from '@ar-distill/core';
import {
  conv2d,
  conv2dSpecs,
  convLayerSpecs,
  decoderLayers,
  encoderLayers,
  prefixed,
  runConvLayers,
  type ConvLayer,
  type Parameters,
  type ParameterSpecs,
} from '@ar-distill/nn';
import type * as tf from '@tensorflow/tfjs';
import { layoutOf, type LlamagenArchitecture } from '../architecture';
import { llamagenNames } from './encoder-decoder';
import { codebookSpecs, quantize, unitCodes } from './quantizer';

/** LlamaGen's VQ-16 / VQ-8 tokenizer (vq_model.py); parameters have the official names. */
export class LlamagenTokenizer extends ImageTokenizer {
  readonly layout: SequenceLayout;
  readonly imageShape: readonly [number, number, number];
  readonly vocabSize: number;
  readonly parameterSpecs: ParameterSpecs;
  private readonly encoder: readonly ConvLayer[];
  private readonly decoder: readonly ConvLayer[];

  constructor(readonly architecture: LlamagenArchitecture) {
    super();
    const { tokenizer, channels, vocabSize } = architecture;
    this.layout = layoutOf(architecture);
    this.imageShape = [tokenizer.imageSize, tokenizer.imageSize, tokenizer.imageChannels];
    this.vocabSize = vocabSize;
    const names = llamagenNames(architecture);
    this.encoder = encoderLayers(tokenizer, names);
    this.decoder = decoderLayers(tokenizer, names);
    this.parameterSpecs = {
      ...convLayerSpecs(this.encoder),
      ...convLayerSpecs(this.decoder),
      ...prefixed('quant_conv', conv2dSpecs(tokenizer.latentChannels, channels, 1)),
      ...prefixed('post_quant_conv', conv2dSpecs(channels, tokenizer.latentChannels, 1)),
      ...codebookSpecs(architecture),
    };
  }

  /** Codes [V, C] of unit length. */
  codebook(parameters: Parameters): tf.Tensor {
    return unitCodes(parameters);
  }

  encode(parameters: Parameters, images: tf.Tensor): tf.Tensor {
    return quantize(parameters, this.encoderFeatures(parameters, images));
  }

  /** As in the base class, not clamped; the code vectors are not normalised. */
  decode(parameters: Parameters, codeVectors: tf.Tensor): tf.Tensor {
    const { gridSize, channels, tokenizer } = this.architecture;
    const map = codeVectors.reshape([-1, gridSize, gridSize, channels]);
    const latent = conv2d(parameters, 'post_quant_conv', map);
    return runConvLayers(this.decoder, parameters, latent, tokenizer.groups);
  }

  /** `images` [B, H, W, channels] → features before normalisation and quantisation, [B, n, C]. */
  encoderFeatures(parameters: Parameters, images: tf.Tensor): tf.Tensor {
    const { groups } = this.architecture.tokenizer;
    const encoded = runConvLayers(this.encoder, parameters, images, groups);
    const [batch, height, width] = encoded.shape as [number, number, number, number];
    return conv2d(parameters, 'quant_conv', encoded).reshape([
      batch,
      height * width,
      this.architecture.channels,
    ]);
  }
}
