import * as tf from '@tensorflow/tfjs';
import {
  conv2d,
  conv2dSpecs,
  linear,
  linearSpecs,
  prefixed,
  xavierUniform,
  type Parameters,
  type ParameterSpecs,
} from '@ar-distill/nn';

/** Shape of a convolutional classifier. */
export interface ClassifierArchitecture {
  /** Height and width of the images; every stage halves it. */
  readonly imageSize: number;
  readonly imageChannels: number;
  /** Channels of each stage; the last is the number of features. */
  readonly widths: readonly number[];
  readonly numClasses: number;
}

/** The classifier behind FID-MNIST: 128 features, 287,722 parameters. */
export const MNIST_CLASSIFIER: ClassifierArchitecture = {
  imageSize: 32,
  imageChannels: 1,
  widths: [32, 64, 128],
  numClasses: 10,
};

/** What a classifier says about a batch. */
export interface ClassifierOutputs {
  /** [B, last width]: means over the pixels of the last layer, never negative. */
  readonly features: tf.Tensor;
  /** [B, numClasses]. */
  readonly logits: tf.Tensor;
  /** What each stage gives, as `layerShapes` says, with B in front. */
  readonly layers: readonly tf.Tensor[];
}

/** Number of features of the architecture. */
export function featureCount({ widths }: ClassifierArchitecture): number {
  const last = widths.at(-1);
  if (last === undefined) throw new RangeError('A classifier needs at least one stage.');
  return last;
}

/** [height, width, channels] of what each stage gives. */
export function layerShapes({
  imageSize,
  widths,
}: ClassifierArchitecture): (readonly [number, number, number])[] {
  let size = imageSize;
  return widths.map((width) => {
    size = Math.ceil(size / 2);
    return [size, size, width];
  });
}

/** Parameters: per stage `down` (stride 2) and `conv` (stride 1), both 3×3, then a linear `head`. */
export function classifierSpecs(architecture: ClassifierArchitecture): ParameterSpecs {
  const { imageChannels, widths, numClasses } = architecture;
  const specs: Record<string, ParameterSpecs[string]> = {};
  widths.forEach((width, stage) => {
    const inputs = widths[stage - 1] ?? imageChannels;
    Object.assign(
      specs,
      prefixed(`stages.${stage}.down`, conv2dSpecs(inputs, width, 3, heNormal(inputs))),
      prefixed(`stages.${stage}.conv`, conv2dSpecs(width, width, 3, heNormal(width))),
    );
  });
  const features = featureCount(architecture);
  return {
    ...specs,
    ...prefixed('head', linearSpecs(features, numClasses, xavierUniform(features, numClasses))),
  };
}

/** He's initialisation of a 3×3 convolution before a ReLU: there is no normalisation layer. */
function heNormal(inputs: number) {
  return { kind: 'normal', std: Math.sqrt(2 / (9 * inputs)) } as const;
}

/** `images` [B, size, size, channels] in [−1, 1] → features, logits and maps. Traced. */
export function classifierForward(
  architecture: ClassifierArchitecture,
  parameters: Parameters,
  images: tf.Tensor,
): ClassifierOutputs {
  let x = images;
  const layers: tf.Tensor[] = [];
  for (let stage = 0; stage < architecture.widths.length; stage++) {
    x = tf.relu(conv2d(parameters, `stages.${stage}.down`, x, 2));
    x = tf.relu(conv2d(parameters, `stages.${stage}.conv`, x));
    layers.push(x);
  }
  const features = x.mean([1, 2]);
  return { features, logits: linear(parameters, 'head', features), layers };
}
