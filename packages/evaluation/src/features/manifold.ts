import { squaredDistance } from './squared-distance';

/** k of precision and recall. */
export const MANIFOLD_NEIGHBOURS = 3;

/**
 * A set of feature vectors as a union of balls: around every vector, up to its k-th nearest
 * neighbour in the set (Kynkäänniemi et al. 2019, arXiv 1904.06991). Quadratic in the set's size.
 */
export class Manifold {
  private readonly squaredRadii: Float64Array;
  private readonly count: number;

  /**
   * `features` [N, dimension].
   * @throws RangeError unless N is larger than `neighbours`.
   */
  constructor(
    readonly features: Float32Array,
    private readonly dimension: number,
    neighbours = MANIFOLD_NEIGHBOURS,
  ) {
    this.count = features.length / dimension;
    if (!Number.isInteger(this.count) || this.count <= neighbours) {
      throw new RangeError(
        `A manifold of ${neighbours} neighbours needs more than ${neighbours} vectors, not ${this.count}.`,
      );
    }
    const nearest = Array.from({ length: this.count }, () =>
      new Float64Array(neighbours).fill(Infinity),
    );
    for (let i = 0; i < this.count; i++) {
      for (let j = i + 1; j < this.count; j++) {
        const distance = squaredDistance(features, i, features, j, dimension);
        keepNearest(nearest[i]!, distance);
        keepNearest(nearest[j]!, distance);
      }
    }
    this.squaredRadii = Float64Array.from(nearest, (distances) => distances[neighbours - 1]!);
  }

  /** Fraction of `points` [M, dimension] that lie in at least one ball. */
  coverage(points: Float32Array): number {
    const total = points.length / this.dimension;
    let inside = 0;
    for (let i = 0; i < total; i++) {
      for (let j = 0; j < this.count; j++) {
        const distance = squaredDistance(points, i, this.features, j, this.dimension);
        if (distance <= this.squaredRadii[j]!) {
          inside++;
          break;
        }
      }
    }
    return inside / total;
  }
}

/** Inserts a distance into an ascending list of the smallest ones. */
function keepNearest(nearest: Float64Array, distance: number): void {
  let place = nearest.length - 1;
  if (distance >= nearest[place]!) return;
  while (place > 0 && nearest[place - 1]! > distance) {
    nearest[place] = nearest[place - 1]!;
    place--;
  }
  nearest[place] = distance;
}
