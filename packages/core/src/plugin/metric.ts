import type { ExtractedFeatures, FeatureOutput } from './feature-network';

/** Images as metrics see them: their features, and the classes that were asked for. */
export interface MeasuredImages {
  readonly count: number;
  readonly features: ExtractedFeatures;
  /** [count] int32; undefined when the images were made for no class. */
  readonly labels?: Int32Array | undefined;
}

/** What generated images are compared with: a summary of real images in the same pooled features. */
export interface MetricReference {
  /** Number of real images that mean and covariance are of. */
  readonly count: number;
  /** Features per image. */
  readonly dimension: number;
  /** [dimension]. */
  readonly mean: Float64Array;
  /** [dimension, dimension], unbiased, row-major. */
  readonly covariance: Float64Array;
  /** Features [M, dimension] of some of the images, for manifolds. */
  readonly features: Float32Array;
  /** Mean distance of two real images of a class, per class; NaN for a class with fewer than two. */
  readonly withinClass: Float64Array;
}

/** A figure of merit of generated images. */
export interface Metric {
  /** Unique among all installed plugins, and the key of its value. */
  readonly name: string;
  /** Heading of its column in tables. */
  readonly title: string;
  /** What a value means, as half a sentence: reports show it below their table. */
  readonly summary: string;
  /** How a value is shown: a fraction as a percentage, a number as it is. */
  readonly unit: 'fraction' | 'number';
  /** Digits after the point that are shown. */
  readonly decimals: number;
  readonly better: 'lower' | 'higher';
  /** What it cannot be computed without. */
  readonly needs: readonly (FeatureOutput | 'labels' | 'reference')[];
  /**
   * Fewest images that it can be computed from when they are of `classes` classes in turn (1 where
   * there are none); 1 when left out.
   */
  fewestImages?(classes: number): number;
  /**
   * Named finite values. The one named as the metric is what tables show; names of others start with the
   * metric's and a dot ("diversity.lowest"), so that values of several metrics share one record.
   */
  compute(images: MeasuredImages, reference: MetricReference | undefined): Record<string, number>;
}
