import { readSafetensors, writeSafetensors } from '@ar-distill/checkpoints';
import type { FeatureNetwork, ImageSplit, MetricReference } from '@ar-distill/core';
import { firstNonFinite } from '@ar-distill/core/sampling';
import { float32, type HostTensor, type HostTensors } from '@ar-distill/program';
import { pooledFeatures, requireLabels } from './measured-inputs';
import { withinClassDistances } from './class-diversity';
import { extractSplit, type OnImages } from './extract-split';
import { featureStatistics } from './feature-statistics';
import { spacedRows } from './spaced-rows';

/** Real images whose vectors precision and recall are measured on, at most. */
const REFERENCE_VECTORS = 10_000;
/** Generated images that they are measured on, at most. */
export const SAMPLE_VECTORS = 50_000;

/** What is known of the real images that generated ones are compared with, as a file keeps it. */
export type ReferenceSet = MetricReference;

/** Summary of real images' `features` [N, dimension] and `labels` [N]. */
export function referenceSet(
  features: Float32Array,
  labels: Int32Array,
  numClasses: number,
): ReferenceSet {
  const dimension = features.length / labels.length;
  return {
    ...featureStatistics(features, dimension),
    features: spacedRows(features, dimension, REFERENCE_VECTORS),
    withinClass: withinClassDistances(features, labels, numClasses),
  };
}

/**
 * Reference set of a data set's split, usually its test images, in the pooled features of `network`.
 * Images are read in batches; their features are held in memory together. `onImages` is told how many
 * have been read; what it throws ends the reading.
 */
export async function computeReference(
  network: FeatureNetwork,
  split: ImageSplit,
  numClasses: number,
  onImages?: OnImages,
): Promise<ReferenceSet> {
  const measured = await extractSplit(network, split, ['pool'], onImages);
  return referenceSet(pooledFeatures(measured).data, requireLabels(measured), numClasses);
}

/** Writes a reference set as a safetensors file. */
export async function saveReferenceSet(file: string, reference: ReferenceSet): Promise<void> {
  const { count, dimension, mean, covariance, withinClass, features } = reference;
  await writeSafetensors(
    file,
    {
      ...splitDoubles('mean', [dimension], mean),
      ...splitDoubles('covariance', [dimension, dimension], covariance),
      ...splitDoubles('within_class', [withinClass.length], withinClass),
      features: float32([features.length / dimension, dimension], features),
    },
    { count: String(count) },
  );
}

/**
 * Reads what `saveReferenceSet` wrote; throws an `Error` naming what the file lacks or what is not
 * finite in it, distances of classes without two images apart.
 */
export async function loadReferenceSet(file: string): Promise<ReferenceSet> {
  const { tensors, metadata } = await readSafetensors(file);
  const count = Number(metadata['count']);
  if (!Number.isInteger(count) || count < 2) {
    throw new Error(`${file} does not say how many images it describes: write it again.`);
  }
  const mean = finite(file, 'mean', joinDoubles(file, tensors, 'mean'));
  return {
    count,
    dimension: mean.length,
    mean,
    covariance: finite(file, 'covariance', joinDoubles(file, tensors, 'covariance')),
    features: finite(file, 'features', values(file, tensors, 'features')),
    withinClass: joinDoubles(file, tensors, 'within_class'),
  };
}

function finite<T extends Float32Array | Float64Array>(file: string, name: string, array: T): T {
  const index = firstNonFinite(array);
  if (index < 0) return array;
  throw new Error(`Element ${index} of "${name}" in ${file} is ${array[index]}: write it again.`);
}

/** Doubles as the sum of two float32 arrays, which keeps 48 of their 53 bits. */
function splitDoubles(name: string, shape: readonly number[], doubles: Float64Array): HostTensors {
  const high = Float32Array.from(doubles);
  const low = Float32Array.from(doubles, (value, i) => value - high[i]!);
  return { [name]: float32(shape, high), [`${name}.low`]: float32(shape, low) };
}

function joinDoubles(
  file: string,
  tensors: Readonly<Record<string, HostTensor>>,
  name: string,
): Float64Array {
  const low = values(file, tensors, `${name}.low`);
  return Float64Array.from(values(file, tensors, name), (value, i) => value + low[i]!);
}

function values(
  file: string,
  tensors: Readonly<Record<string, HostTensor>>,
  name: string,
): Float32Array {
  const tensor = tensors[name];
  if (tensor?.dtype !== 'float32') {
    throw new Error(`${file} holds no float32 array "${name}": it is not a reference set.`);
  }
  return tensor.data;
}
