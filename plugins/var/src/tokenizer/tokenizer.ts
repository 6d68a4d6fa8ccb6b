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
import { layoutOf, type VarArchitecture } from '../architecture';
import { MultiScaleQuantizer } from '../quantizer/multi-scale-quantizer';
import { autoencoderSizes, VAR_NAMES } from './encoder-decoder';

const KERNEL = 3;

/** VAR's multi-scale VQ-VAE (vqvae.py); parameters have the official names. */
export class VarTokenizer extends ImageTokenizer {
  readonly layout: SequenceLayout;
  readonly imageShape: readonly [number, number, number];
  readonly vocabSize: number;
  readonly parameterSpecs: ParameterSpecs;
  readonly quantizer: MultiScaleQuantizer;
  private readonly encoder: readonly ConvLayer[];
  private readonly decoder: readonly ConvLayer[];

  constructor(readonly architecture: VarArchitecture) {
    super();
    const { tokenizer, channels, vocabSize } = architecture;
    this.layout = layoutOf(architecture);
    this.imageShape = [tokenizer.imageSize, tokenizer.imageSize, tokenizer.imageChannels];
    this.vocabSize = vocabSize;
    this.quantizer = new MultiScaleQuantizer(architecture);
    const sizes = autoencoderSizes(architecture);
    this.encoder = encoderLayers(sizes, VAR_NAMES);
    this.decoder = decoderLayers(sizes, VAR_NAMES);
    this.parameterSpecs = {
      ...convLayerSpecs(this.encoder),
      ...convLayerSpecs(this.decoder),
      ...prefixed('quant_conv', conv2dSpecs(channels, channels, KERNEL)),
      ...prefixed('post_quant_conv', conv2dSpecs(channels, channels, KERNEL)),
      ...this.quantizer.parameterSpecs,
    };
  }

  codebook(parameters: Parameters): tf.Tensor {
    return this.quantizer.codebook(parameters);
  }

  encode(parameters: Parameters, images: tf.Tensor): tf.Tensor {
    return this.quantizer.encode(parameters, this.encoderFeatures(parameters, images));
  }

  /** As in the base class; the official `fhat_to_img` clamps to [−1, 1] as well. */
  decode(parameters: Parameters, codeVectors: tf.Tensor): tf.Tensor {
    const latent = this.quantizer.accumulate(parameters, codeVectors).at(-1)!;
    return this.decodeLatent(parameters, latent);
  }

  /** `images` [B, H, W, channels] → features before quantisation, [B, P², C]. */
  encoderFeatures(parameters: Parameters, images: tf.Tensor): tf.Tensor {
    const { groups } = this.architecture.tokenizer;
    const encoded = runConvLayers(this.encoder, parameters, images, groups);
    const [batch, height, width, channels] = encoded.shape as [number, number, number, number];
    return conv2d(parameters, 'quant_conv', encoded).reshape([batch, height * width, channels]);
  }

  /** Accumulated latent f̂ [B, P², C] → images. */
  decodeLatent(parameters: Parameters, latent: tf.Tensor): tf.Tensor {
    const { groups } = this.architecture.tokenizer;
    const side = this.architecture.patchNums.at(-1)!;
    const map = latent.reshape([latent.shape[0]!, side, side, latent.shape[2]!]);
    return runConvLayers(
      this.decoder,
      parameters,
      conv2d(parameters, 'post_quant_conv', map),
      groups,
    );
  }
}
