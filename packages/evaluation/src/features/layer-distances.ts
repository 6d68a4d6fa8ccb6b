import type { FeatureNetwork } from '@ar-distill/core';
import { elementCount, type HostTensor } from '@ar-distill/program';
import { extractFeatures } from './extract-features';
import type { PairDistances } from '../path-length';

/**
 * Added in square to every channel vector's length, as a share of the root mean square length in both maps of
 * a pair. Without it vectors that leave zero behind a ReLU would jump from length 0 to 1, however small the
 * step.
 */
const SOFTENING = 0.1;

/**
 * Squared distances in the maps of all layers, as LPIPS (arXiv 1801.03924) without its learned weights:
 * channel vectors of unit length (short ones softened), squared differences summed over channels, averaged over positions and summed
 * over layers.
 * @throws Error when the network has no `layers`.
 */
export function layerDistances(network: FeatureNetwork): PairDistances {
  const mapsOf = async (images: HostTensor, first: number): Promise<readonly HostTensor[]> => {
    const { layers } = await extractFeatures(network, images, ['layers'], first);
    if (layers) return layers;
    throw new Error(
      `The path length needs the output "layers", which the feature network "${network.name}" does not have.`,
    );
  };
  return async (from, to, first) => {
    const starts = await mapsOf(from, first);
    const ends = await mapsOf(to, first);
    const sums = new Float64Array(from.shape[0]!);
    for (const [layer, start] of starts.entries()) {
      const [, ...shape] = start.shape;
      const size = elementCount(shape);
      const channels = shape.at(-1)!;
      const end = ends[layer]!.data;
      for (let pair = 0; pair < sums.length; pair++) {
        const own = (data: HostTensor['data']) => data.subarray(pair * size, (pair + 1) * size);
        sums[pair]! += mapDistance(own(start.data), own(end), channels);
      }
    }
    return sums;
  };
}

/** Of two maps, position by position `channels` values. */
function mapDistance(a: ArrayLike<number>, b: ArrayLike<number>, channels: number): number {
  const squaresA = squaredLengths(a, channels);
  const squaresB = squaredLengths(b, channels);
  const positions = squaresA.length;
  const total = squaresA.reduce((sum, square, i) => sum + square + squaresB[i]!, 0);
  // Maps that are zero everywhere are the same.
  if (total === 0) return 0;
  const floor = (SOFTENING ** 2 * total) / (2 * positions);
  let sum = 0;
  for (let position = 0; position < positions; position++) {
    const lengthA = Math.sqrt(squaresA[position]! + floor);
    const lengthB = Math.sqrt(squaresB[position]! + floor);
    for (let i = position * channels; i < (position + 1) * channels; i++) {
      sum += (a[i]! / lengthA - b[i]! / lengthB) ** 2;
    }
  }
  return sum / positions;
}

function squaredLengths(map: ArrayLike<number>, channels: number): Float64Array {
  const squares = new Float64Array(map.length / channels);
  for (let i = 0; i < map.length; i++) squares[Math.floor(i / channels)]! += map[i]! ** 2;
  return squares;
}
