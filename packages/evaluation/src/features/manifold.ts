import { principalDirections, projected } from './principal-directions';
import { squaredDistance } from './squared-distance';

/** k of precision and recall. */
export const MANIFOLD_NEIGHBOURS = 3;

/** Directions in which vectors are compared first: they tell nearly all pairs apart. */
const DIRECTIONS = 12;
/** Relative error that a distance along directions may have without a pair being lost. */
const MARGIN = 1e-6;
/** Vectors that are compared with all others together: they stay in the processor's cache. */
const BLOCK = 64;

/**
 * A set of feature vectors as a union of balls: around every vector, up to its k-th nearest
 * neighbour in the set, itself not counted (Kynkäänniemi et al. 2019, arXiv 1904.06991). Every distance
 * that decides is a sum of squared differences of the float32 features, in double precision; pairs that
 * are too far apart along a few principal directions already are left out before. Quadratic in the set's
 * size in time, linear in memory.
 */
export class Manifold {
  private readonly vectors: Vectors;
  private readonly directions: readonly Float64Array[];
  private readonly squaredRadii: Float64Array;

  /**
   * `features` [N, dimension].
   * @throws RangeError unless N is larger than `neighbours`.
   */
  constructor(
    features: Float32Array,
    private readonly dimension: number,
    neighbours = MANIFOLD_NEIGHBOURS,
  ) {
    const count = features.length / dimension;
    if (!Number.isInteger(count) || count <= neighbours) {
      throw new RangeError(
        `${count} images are too few for the manifold of their features: take ${neighbours + 1} or more.`,
      );
    }
    this.directions = principalDirections(features, dimension, DIRECTIONS);
    this.vectors = this.prepared(features);
    this.squaredRadii = squaredRadii(this.vectors, neighbours);
  }

  /** Fraction of `points` [M, dimension] that lie in at least one ball. */
  coverage(points: Float32Array): number {
    const prepared = this.prepared(points);
    let inside = 0;
    for (let i = 0; i < prepared.count; i++) if (this.covers(prepared, i)) inside++;
    return inside / prepared.count;
  }

  private covers(points: Vectors, i: number): boolean {
    const { vectors, squaredRadii: radii } = this;
    for (let j = 0; j < vectors.count; j++) {
      if (distanceWithin(points, i, vectors, j, radii[j]!) <= radii[j]!) return true;
    }
    return false;
  }

  private prepared(features: Float32Array): Vectors {
    const { dimension, directions } = this;
    return {
      features,
      dimension,
      count: features.length / dimension,
      along: projected(features, dimension, directions),
      directions: directions.length,
    };
  }
}

/** Vectors, and where they lie along the directions of a manifold. */
interface Vectors {
  /** [count, dimension]. */
  readonly features: Float32Array;
  readonly count: number;
  readonly dimension: number;
  /** [count, directions]. */
  readonly along: Float64Array;
  readonly directions: number;
}

/** The squared distance of two vectors where it is at most `limit`; Infinity for most that are further apart. */
function distanceWithin(a: Vectors, i: number, b: Vectors, j: number, limit: number): number {
  const { directions, dimension } = a;
  const first = i * directions;
  const second = j * directions;
  const bound = limit * (1 + MARGIN);
  let sum = 0;
  for (let k = 0; k < directions; k++) {
    const difference = a.along[first + k]! - b.along[second + k]!;
    sum += difference * difference;
    // A length along orthonormal directions is never more than the whole one.
    if (sum > bound && sum > MARGIN) return Infinity;
  }
  return squaredDistance(a.features, i, b.features, j, dimension);
}

/** Squared distance of every vector to its k-th nearest other one. */
function squaredRadii(vectors: Vectors, neighbours: number): Float64Array {
  const { count } = vectors;
  const nearest = new NearestDistances(count, neighbours);
  for (let first = 0; first < count; first += BLOCK) {
    for (let j = first + 1; j < count; j++) {
      const end = Math.min(first + BLOCK, j);
      for (let i = first; i < end; i++) {
        const limit = Math.max(nearest.largest(i), nearest.largest(j));
        const distance = distanceWithin(vectors, i, vectors, j, limit);
        nearest.keep(i, distance);
        nearest.keep(j, distance);
      }
    }
  }
  return Float64Array.from({ length: count }, (_, i) => nearest.largest(i));
}

/** The k smallest distances that each of a number of vectors has met, in ascending order. */
class NearestDistances {
  private readonly distances: Float64Array;

  constructor(
    count: number,
    private readonly neighbours: number,
  ) {
    this.distances = new Float64Array(count * neighbours).fill(Infinity);
  }

  /** The k-th one. */
  largest(vector: number): number {
    return this.distances[(vector + 1) * this.neighbours - 1]!;
  }

  keep(vector: number, distance: number): void {
    const start = vector * this.neighbours;
    let place = start + this.neighbours - 1;
    if (distance >= this.distances[place]!) return;
    while (place > start && this.distances[place - 1]! > distance) {
      this.distances[place] = this.distances[place - 1]!;
      place--;
    }
    this.distances[place] = distance;
  }
}
