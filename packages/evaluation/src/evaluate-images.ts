import {
  conditionRows,
  type ExtractedFeatures,
  type FeatureNetwork,
  type FeatureOutput,
  type ImageSplit,
  type MeasuredImages,
  type Metric,
  type MetricReference,
} from '@ar-distill/core';
import type { HostTensor } from '@ar-distill/program';
import { extractBatches, extractSplit, type OnImages } from './features/extract-split';
import { featureStatistics, type FeatureStatistics } from './features/feature-statistics';
import { pooledFeatures } from './features/measured-inputs';

/** What images are measured with. */
export interface ImageEvaluation {
  readonly network: FeatureNetwork;
  /** See `selectMetrics`. */
  readonly metrics: readonly Metric[];
  /** In the pooled features of the network; not needed when no metric needs it. */
  readonly reference?: MetricReference | undefined;
  readonly onImages?: OnImages | undefined;
}

/** How good images are. */
export interface ImageQuality {
  /** Number of images: some metrics depend on it. */
  readonly count: number;
  /** The metrics' values, by name. */
  readonly values: Readonly<Record<string, number>>;
}

/**
 * Measures `images` [N, height, width, channels] in [−1, 1], with the classes that they were made for,
 * `labels` [N], when there were any. Features are extracted once, for all metrics.
 * @throws RangeError when the counts differ, or the reference or the images do not fit the network.
 * @throws NonFiniteError when images or features are not finite.
 */
export async function evaluateImages(
  evaluation: ImageEvaluation,
  images: HostTensor,
  labels?: Int32Array,
): Promise<ImageQuality> {
  const [count = 0] = images.shape;
  if (count === 0) throw new RangeError('There are no images to measure.');
  if (labels && labels.length !== count) {
    throw new RangeError(`${count} images cannot have ${labels.length} labels.`);
  }
  checkReference(evaluation);
  const features = await featuresOf(evaluation, images, outputsOf(evaluation.metrics));
  return computeMetrics(evaluation, { count, features, labels });
}

/** Mean and covariance of the pooled features of `images` [N, height, width, channels] in [−1, 1]. */
export async function pooledStatistics(
  evaluation: Pick<ImageEvaluation, 'network' | 'onImages'>,
  images: HostTensor,
): Promise<FeatureStatistics> {
  const features = await featuresOf(evaluation, images, ['pool']);
  const { data, dimension } = pooledFeatures({ count: images.shape[0]!, features });
  return featureStatistics(data, dimension);
}

function featuresOf(
  { network, onImages }: Pick<ImageEvaluation, 'network' | 'onImages'>,
  images: HostTensor,
  which: readonly FeatureOutput[],
): Promise<ExtractedFeatures> {
  const read = async (rows: Int32Array) => conditionRows({ images }, rows)['images']!;
  return extractBatches(network, images.shape[0]!, read, which, onImages);
}

/**
 * Measures the images of a split against their classes, in batches: the images need not fit into
 * memory. Of a test split it tells how well a network recognises classes.
 */
export async function evaluateSplit(
  evaluation: ImageEvaluation,
  split: ImageSplit,
): Promise<ImageQuality> {
  if (split.count === 0) throw new RangeError('There are no images to measure.');
  checkReference(evaluation);
  const { network, metrics, onImages } = evaluation;
  const measured = await extractSplit(network, split, outputsOf(metrics), onImages);
  return computeMetrics(evaluation, measured);
}

/** Outputs of the network that the metrics need. */
function outputsOf(metrics: readonly Metric[]): FeatureOutput[] {
  const needs = new Set(metrics.flatMap((metric) => metric.needs));
  return [...needs].filter((need) => need !== 'labels' && need !== 'reference');
}

function checkReference({ network, reference }: ImageEvaluation): void {
  if (!reference || reference.dimension === network.outputs.pool) return;
  throw new RangeError(
    `The reference set has ${reference.dimension} features but "${network.name}" gives ${network.outputs.pool}: write it again.`,
  );
}

function computeMetrics(
  { metrics, reference }: ImageEvaluation,
  images: MeasuredImages,
): ImageQuality {
  const values: Record<string, number> = {};
  for (const metric of metrics) {
    const own = metric.compute(images, reference);
    if (own[metric.name] === undefined) {
      throw new Error(`The metric "${metric.name}" gave no value of its own name.`);
    }
    for (const [name, value] of Object.entries(own)) {
      if (name !== metric.name && !name.startsWith(`${metric.name}.`)) {
        throw new Error(
          `The metric "${metric.name}" gave a value "${name}": name it "${metric.name}.${name}".`,
        );
      }
      if (!Number.isFinite(value)) {
        throw new RangeError(
          `The metric "${metric.name}" gave ${value} as "${name}": look for images or a reference set that it makes no sense for.`,
        );
      }
      values[name] = value;
    }
  }
  return { count: images.count, values };
}
