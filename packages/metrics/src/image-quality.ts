import {
  classDiversity,
  withinClassDistances,
  type ClassDiversity,
} from './features/class-diversity';
import type { FeatureExtractor } from './features/feature-extractor';
import { featureStatistics } from './features/feature-statistics';
import { frechetDistance } from './features/frechet-distance';
import { Manifold } from './features/manifold';
import { MANIFOLD_SIZE, type ReferenceSet } from './features/reference-set';
import { spacedRows } from './features/squared-distance';

/** How good generated images are. */
export interface ImageQuality {
  /** Number of images. */
  readonly count: number;
  /** Fréchet distance to the reference set, lower is better; depends on `count`. */
  readonly fid: number;
  /** Fraction of images that the classifier takes for the class that was asked for. */
  readonly classAccuracy: number;
  /** Fraction of generated images inside the manifold of the reference (on ≤ 2,000 of each). */
  readonly precision: number;
  /** Fraction of reference images inside the manifold of the generated ones. */
  readonly recall: number;
  readonly diversity: ClassDiversity;
}

/** Compares generated images with a reference set, in the features of a classifier. */
export class ImageEvaluator {
  private referenceManifold: Manifold | undefined;

  /** @throws RangeError when the reference was made with another number of features. */
  constructor(
    readonly extractor: FeatureExtractor,
    readonly reference: ReferenceSet,
  ) {
    const { dimension } = reference.statistics;
    if (dimension !== extractor.dimension) {
      throw new RangeError(
        `The reference set has ${dimension} features but the classifier gives ${extractor.dimension}: write it again.`,
      );
    }
  }

  /**
   * `images` [N, size, size, channels] in [−1, 1] with the classes asked for, `labels` [N].
   * @throws RangeError when counts differ or no class has two images.
   */
  async evaluate(images: Float32Array, labels: Int32Array): Promise<ImageQuality> {
    const { features, predictions } = await this.extractor.extract(images);
    const count = predictions.length;
    if (labels.length !== count) {
      throw new RangeError(`${count} images cannot have ${labels.length} labels.`);
    }
    const { dimension, architecture } = this.extractor;
    const generated = new Manifold(spacedRows(features, dimension, MANIFOLD_SIZE), dimension);
    this.referenceManifold ??= new Manifold(this.reference.features, dimension);
    return {
      count,
      fid: frechetDistance(featureStatistics(features, dimension), this.reference.statistics),
      classAccuracy: accuracy(predictions, labels),
      precision: this.referenceManifold.coverage(generated.features),
      recall: generated.coverage(this.reference.features),
      diversity: classDiversity(
        withinClassDistances(features, labels, architecture.numClasses),
        this.reference.withinClass,
      ),
    };
  }

  /** FID alone: cheaper, for curves during training. */
  async fid(images: Float32Array): Promise<number> {
    const { features } = await this.extractor.extract(images);
    const statistics = featureStatistics(features, this.extractor.dimension);
    return frechetDistance(statistics, this.reference.statistics);
  }

  dispose(): Promise<void> {
    return this.extractor.dispose();
  }
}

/** Fraction of predictions that equal their labels; throws `RangeError` when counts differ. */
export function accuracy(predictions: Int32Array, labels: Int32Array): number {
  if (predictions.length !== labels.length || labels.length === 0) {
    throw new RangeError(`${predictions.length} predictions cannot have ${labels.length} labels.`);
  }
  return predictions.filter((prediction, i) => prediction === labels[i]).length / labels.length;
}
