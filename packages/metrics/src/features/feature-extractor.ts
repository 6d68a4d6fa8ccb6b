import { pixelPlace, requireFinite, type CompiledStep, type StepCompiler } from '@ar-distill/core';
import { float32, type HostTensors } from '@ar-distill/nn';
import {
  classifierForward,
  classifierSpecs,
  featureCount,
  MNIST_CLASSIFIER,
  type ClassifierArchitecture,
} from '../classifier/classifier';

/** What the classifier says about N images. */
export interface ExtractedFeatures {
  /** [N, dimension], row-major. */
  readonly features: Float32Array;
  /** Most likely class of every image, [N]. */
  readonly predictions: Int32Array;
}

/** How a feature extractor is built. */
export interface FeatureExtractorOptions {
  /** The classifier's trained parameters. */
  readonly weights: Readonly<HostTensors>;
  readonly architecture?: ClassifierArchitecture;
  /** Images per call of the compiled network (default 250). */
  readonly batchSize?: number;
}

/** A trained classifier, compiled once for a fixed batch, read for its features and its classes. */
export class FeatureExtractor {
  private constructor(
    readonly architecture: ClassifierArchitecture,
    private readonly batchSize: number,
    private readonly step: CompiledStep,
  ) {}

  /** Number of features per image. */
  get dimension(): number {
    return featureCount(this.architecture);
  }

  /** Compiles the network. @throws Error naming a weight that is missing or has another shape. */
  static async create(
    compiler: StepCompiler,
    { weights, architecture = MNIST_CLASSIFIER, batchSize = 250 }: FeatureExtractorOptions,
  ): Promise<FeatureExtractor> {
    const { imageSize, imageChannels } = architecture;
    const step = await compiler.compile({
      name: 'feature-extractor',
      constants: checkedWeights(weights, architecture),
      inputs: {
        images: { shape: [batchSize, imageSize, imageSize, imageChannels], dtype: 'float32' },
      },
      fn: ({ constants, inputs }) => {
        const { images } = inputs;
        if (!images) throw new Error('The feature extractor was called without images.');
        const { features, logits } = classifierForward(architecture, constants, images);
        return { outputs: { features, logits } };
      },
    });
    return new FeatureExtractor(architecture, batchSize, step);
  }

  /**
   * Features and classes of `images` [N, size, size, channels] in [−1, 1], in batches (the last one
   * is filled up).
   * @throws RangeError when the values are no whole number of images.
   * @throws NonFiniteError when an image, or what the network makes of it, is not finite.
   */
  async extract(images: Float32Array): Promise<ExtractedFeatures> {
    const { imageSize, imageChannels, numClasses } = this.architecture;
    const { batchSize, dimension } = this;
    const imageLength = imageSize * imageSize * imageChannels;
    const count = images.length / imageLength;
    if (!Number.isInteger(count)) {
      throw new RangeError(
        `${images.length} values are no whole number of ${imageSize}×${imageSize}×${imageChannels} images.`,
      );
    }
    const shape = [count, imageSize, imageSize, imageChannels];
    requireFinite('The image to measure', float32(shape, images), 0, pixelPlace);
    const features = new Float32Array(count * dimension);
    const predictions = new Int32Array(count);
    for (let first = 0; first < count; first += batchSize) {
      const kept = Math.min(batchSize, count - first);
      const batch = new Float32Array(batchSize * imageLength);
      batch.set(images.subarray(first * imageLength, (first + kept) * imageLength));
      const outputs = await this.step.run({
        images: float32([batchSize, imageSize, imageSize, imageChannels], batch),
      });
      const { features: batchFeatures, logits } = outputs;
      if (batchFeatures?.dtype !== 'float32' || logits?.dtype !== 'float32') {
        throw new Error('The compiled classifier returned no features: use another step compiler.');
      }
      requireFinite(
        "The feature network's features",
        batchFeatures,
        first,
        ([i]) => `feature ${i}`,
      );
      requireFinite("The feature network's logits", logits, first, ([i]) => `class ${i}`);
      features.set(batchFeatures.data.subarray(0, kept * dimension), first * dimension);
      for (let i = 0; i < kept; i++) {
        const row = logits.data.subarray(i * numClasses, (i + 1) * numClasses);
        predictions[first + i] = row.indexOf(Math.max(...row));
      }
    }
    return { features, predictions };
  }

  dispose(): Promise<void> {
    return this.step.dispose();
  }
}

function checkedWeights(
  weights: Readonly<HostTensors>,
  architecture: ClassifierArchitecture,
): HostTensors {
  const checked: HostTensors = {};
  for (const [name, { shape }] of Object.entries(classifierSpecs(architecture))) {
    const weight = weights[name];
    if (!weight) throw new Error(`The classifier's weights lack "${name}": train it again.`);
    if (weight.shape.join() !== shape.join()) {
      throw new Error(
        `The classifier's weight "${name}" has shape [${weight.shape.join(', ')}], not [${shape.join(', ')}].`,
      );
    }
    checked[name] = weight;
  }
  return checked;
}
