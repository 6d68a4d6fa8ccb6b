import type {
  ExtractedFeatures,
  FeatureNetwork,
  FeatureOutput,
  FeatureOutputs,
} from '@ar-distill/core';
import {
  type CompiledStep,
  elementCount,
  float32,
  type HostTensor,
  type HostTensors,
  type StepCompiler,
} from '@ar-distill/program';
import {
  type ClassifierArchitecture,
  classifierForward,
  type ClassifierOutputs,
  classifierSpecs,
  featureCount,
  layerShapes,
} from './classifier';

/** How a classifier is loaded. */
export interface ClassifierFeaturesOptions {
  readonly name: string;
  readonly architecture: ClassifierArchitecture;
  /** The trained parameters. */
  readonly weights: Readonly<HostTensors>;
  /** Images per call of the compiled network (default 250). */
  readonly batchSize?: number | undefined;
}

/** What a classifier of this architecture says of an image. */
export function classifierOutputs(architecture: ClassifierArchitecture): FeatureOutputs {
  return {
    pool: featureCount(architecture),
    logits: architecture.numClasses,
    layers: layerShapes(architecture),
  };
}

/** Outputs of a compiled step, each with its shape for one image. */
type OutputShapes = Readonly<Record<string, readonly number[]>>;

/** A trained classifier, compiled for a fixed batch, read for its features, classes and maps. */
export class ClassifierFeatures implements FeatureNetwork {
  readonly name: string;
  readonly outputs: FeatureOutputs;
  private readonly architecture: ClassifierArchitecture;
  private readonly weights: Readonly<HostTensors>;
  private readonly batchSize: number;
  /**
   * The maps have a step of their own, compiled when they are first asked for: one that gives them as
   * well might be optimised in another way, and pooled features define a metric to the last bit.
   */
  private layerStep: Promise<CompiledStep> | undefined;

  private constructor(
    private readonly compiler: StepCompiler,
    { name, architecture, weights, batchSize = 250 }: ClassifierFeaturesOptions,
    private readonly step: CompiledStep,
  ) {
    this.name = name;
    this.architecture = architecture;
    this.outputs = classifierOutputs(architecture);
    this.weights = weights;
    this.batchSize = batchSize;
  }

  /** Compiles the network. @throws Error naming a weight that is missing or has another shape. */
  static async create(
    compiler: StepCompiler,
    options: ClassifierFeaturesOptions,
  ): Promise<ClassifierFeatures> {
    const { architecture, batchSize = 250 } = options;
    const weights = checkedWeights(options.weights, architecture);
    const step = await compileOutputs(
      compiler,
      architecture,
      weights,
      batchSize,
      ({ features, logits }) => ({ features, logits }),
    );
    return new ClassifierFeatures(compiler, { ...options, weights }, step);
  }

  async extract(images: HostTensor, which: readonly FeatureOutput[]): Promise<ExtractedFeatures> {
    this.checkShape(images);
    const { architecture } = this;
    const result: { pool?: HostTensor; logits?: HostTensor; layers?: HostTensor[] } = {};
    if (which.includes('pool') || which.includes('logits')) {
      const all = await this.run(this.step, images, {
        features: [featureCount(architecture)],
        logits: [architecture.numClasses],
      });
      if (which.includes('pool')) result.pool = all['features']!;
      if (which.includes('logits')) result.logits = all['logits']!;
    }
    if (which.includes('layers')) {
      this.layerStep ??= compileOutputs(
        this.compiler,
        architecture,
        this.weights,
        this.batchSize,
        ({ layers }) => Object.fromEntries(layers.map((map, i) => [String(i), map])),
      );
      const shapes = layerShapes(architecture);
      const maps = await this.run(
        await this.layerStep,
        images,
        Object.fromEntries(shapes.map((shape, i) => [String(i), shape])),
      );
      result.layers = shapes.map((_, i) => maps[i]!);
    }
    return result;
  }

  async dispose(): Promise<void> {
    await this.step.dispose();
    await (await this.layerStep)?.dispose();
  }

  private checkShape({ shape, dtype }: HostTensor): void {
    const { imageSize, imageChannels } = this.architecture;
    const needed = `${imageSize}×${imageSize}×${imageChannels}`;
    const given = shape.slice(1).join('×');
    if (dtype !== 'float32' || shape.length !== 4 || given !== needed) {
      throw new RangeError(
        `"${this.name}" reads float32 images of ${needed} pixels, not ${dtype} of ${given || 'no size'}.`,
      );
    }
  }

  /** Runs all images through a step, in batches; the last one is filled up. */
  private async run(
    step: CompiledStep,
    images: HostTensor,
    shapes: OutputShapes,
  ): Promise<Record<string, HostTensor>> {
    const { batchSize } = this;
    const [count = 0, ...imageShape] = images.shape;
    const imageLength = elementCount(imageShape);
    const results = Object.entries(shapes).map(([name, shape]) => ({
      name,
      shape,
      length: elementCount(shape),
      data: new Float32Array(count * elementCount(shape)),
    }));
    for (let first = 0; first < count; first += batchSize) {
      const kept = Math.min(batchSize, count - first);
      const batch = new Float32Array(batchSize * imageLength);
      batch.set(images.data.subarray(first * imageLength, (first + kept) * imageLength));
      const outputs = await step.run({ images: float32([batchSize, ...imageShape], batch) });
      for (const { name, length, data } of results) {
        const output = outputs[name];
        if (output?.dtype !== 'float32') {
          throw new Error(
            'The compiled classifier returned no features: use another step compiler.',
          );
        }
        data.set(output.data.subarray(0, kept * length), first * length);
      }
    }
    return Object.fromEntries(
      results.map(({ name, shape, data }) => [name, float32([count, ...shape], data)]),
    );
  }
}

/** A step from a batch of images to some of the classifier's outputs. */
function compileOutputs(
  compiler: StepCompiler,
  architecture: ClassifierArchitecture,
  weights: Readonly<HostTensors>,
  batchSize: number,
  pick: (outputs: ClassifierOutputs) => Record<string, ClassifierOutputs['logits']>,
): Promise<CompiledStep> {
  const { imageSize, imageChannels } = architecture;
  return compiler.compile({
    name: 'feature-extractor',
    constants: weights,
    inputs: {
      images: { shape: [batchSize, imageSize, imageSize, imageChannels], dtype: 'float32' },
    },
    fn: ({ constants, inputs }) => {
      const { images } = inputs;
      if (!images) throw new Error('The feature extractor was called without images.');
      return { outputs: pick(classifierForward(architecture, constants, images)) };
    },
  });
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
