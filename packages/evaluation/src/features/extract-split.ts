import type {
  ExtractedFeatures,
  FeatureNetwork,
  FeatureOutput,
  ImageSplit,
  MeasuredImages,
} from '@ar-distill/core';
import { elementCount, float32, type HostTensor } from '@ar-distill/program';
import { extractFeatures } from './extract-features';

/** Images that are read at once: the images of a whole split may not fit into memory. */
const BATCH = 1000;

/** Called when so many of all images have been read; what it throws ends the reading. */
export type OnImages = (done: number, count: number) => void;

/** The named outputs of all images of a split, and their classes; see `extractFeatures`. */
export async function extractSplit(
  network: FeatureNetwork,
  split: ImageSplit,
  which: readonly FeatureOutput[],
  onImages?: OnImages,
): Promise<MeasuredImages> {
  const { count } = split;
  const features = await extractBatches(
    network,
    count,
    async (indices) => (await split.read(indices)).images,
    which,
    onImages,
  );
  return { count, features, labels: await split.labels() };
}

/** The named outputs of `count` images, which are read in batches; see `extractFeatures`. */
export async function extractBatches(
  network: FeatureNetwork,
  count: number,
  read: (indices: Int32Array) => Promise<HostTensor>,
  which: readonly FeatureOutput[],
  onImages?: OnImages,
): Promise<ExtractedFeatures> {
  const parts: ExtractedFeatures[] = [];
  for (let first = 0; first < count; first += BATCH) {
    const length = Math.min(BATCH, count - first);
    const images = await read(Int32Array.from({ length }, (_, i) => first + i));
    parts.push(await extractFeatures(network, images, which, first));
    onImages?.(first + length, count);
  }
  return concatenateFeatures(parts);
}

function concatenateFeatures(parts: readonly ExtractedFeatures[]): ExtractedFeatures {
  const joined = (name: 'pool' | 'spatial' | 'logits'): ExtractedFeatures =>
    parts.every((part) => part[name]) && parts.length > 0
      ? { [name]: concatenate(parts.map((part) => part[name]!)) }
      : {};
  const layers = parts[0]?.layers?.map((_, layer) =>
    concatenate(parts.map((part) => part.layers![layer]!)),
  );
  return {
    ...joined('pool'),
    ...joined('spatial'),
    ...joined('logits'),
    ...(layers ? { layers } : {}),
  };
}

/** Tensors [Nᵢ, …] of one shape but for the first axis as one [ΣNᵢ, …]. */
function concatenate(tensors: readonly HostTensor[]): HostTensor {
  const [, ...inner] = tensors[0]!.shape;
  const count = tensors.reduce((sum, { shape }) => sum + shape[0]!, 0);
  const data = new Float32Array(count * elementCount(inner));
  let start = 0;
  for (const tensor of tensors) {
    data.set(tensor.data, start);
    start += tensor.data.length;
  }
  return float32([count, ...inner], data);
}
