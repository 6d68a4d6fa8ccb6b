export { geluTanh, silu } from './layers/activations';
export {
  type KeysAndValues,
  MASKED_SCORE,
  attention,
  blockCausalMask,
  earlierGroupsMask,
  mergeHeads,
  splitHeads,
} from './layers/attention';
export { type SampledCodes, sampleCategorical, sampleCodes } from './layers/categorical';
export {
  type ConvAutoencoderNames,
  type ConvAutoencoderSizes,
  decoderLayers,
  encoderLayers,
} from './layers/conv-autoencoder';
export { type ConvLayer, convLayerSpecs, runConvLayers } from './layers/conv-stack';
export { conv2d, conv2dSpecs, upsampleNearest2x } from './layers/conv2d';
export { softmaxCrossEntropy } from './layers/cross-entropy';
export { straightThrough, withoutGradient } from './layers/custom-gradient';
export {
  type DiffusionHeadInputs,
  diffusionHead,
  diffusionHeadSpecs,
  diffusionHeadWithHidden,
  modulate,
} from './layers/diffusion-head';
export { l2Normalize, layerNorm, layerNormSpecs, normalize } from './layers/layer-norm';
export { affineMap, linear, linearSpecs } from './layers/linear';
export { rmsNorm, rmsNormSpecs } from './layers/rms-norm';
export { rotateChannelPairs } from './layers/rotary-embedding';
export { timestepMlp, timestepMlpSpecs } from './layers/timestep-embedding';
export { adamW, biasCorrections } from './optim/adamw';
export { clipByGlobalNorm } from './optim/clip-by-global-norm';
export { emaUpdate } from './optim/ema-update';
export {
  type Initializer,
  type InitializerNoise,
  type ParameterSpecs,
  type Parameters,
  initializeParameters,
  joinSpecs,
  parameter,
  prefixed,
  xavierUniform,
} from './parameters';
export { areaMatrix } from './resampling/area';
export { bicubicMatrix } from './resampling/bicubic';
export { resampleGrid } from './resampling/resample-grid';
export { stopGradient } from './stop-gradient';
export { toTensors } from './to-tensors';
