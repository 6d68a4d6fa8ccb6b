import type { HostTensor } from '@ar-distill/program';

/** Some images of a split with their classes. */
export interface LabeledBatch {
  /** [B, height, width, channels] float32 in [−1, 1]. */
  readonly images: HostTensor;
  /** [B] int32, 0 … classes − 1. */
  readonly labels: HostTensor;
}

/** Images that are read when they are needed: a whole split may not fit into memory. */
export interface ImageSplit {
  /** Number of images. */
  readonly count: number;
  /**
   * The images of the given numbers, in that order.
   * @throws RangeError when a number is outside 0 … count − 1.
   */
  read(indices: Int32Array): Promise<LabeledBatch>;
  /** The classes of all images, [count] int32. */
  labels(): Promise<Int32Array>;
}

/** A data set that has been found and opened. */
export interface Dataset {
  readonly train: ImageSplit;
  readonly test: ImageSplit;
}

/** Where a data set is looked for. */
export interface DatasetOptions {
  /** Folder that holds it; where the provider looks by itself when left out. */
  readonly folder?: string;
}

/** A data set that a plugin brings. */
export interface DatasetProvider {
  /** Unique among all installed plugins. */
  readonly name: string;
  readonly summary: string;
  /** [height, width, channels] of the images as `read` gives them. */
  readonly imageShape: readonly [number, number, number];
  readonly classes: number;
  /** @throws Error saying how to get the data when they are missing or damaged. */
  open(options?: DatasetOptions): Promise<Dataset>;
}
