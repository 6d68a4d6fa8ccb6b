import { classesOf } from '@ar-distill/core';
import type { Rng } from '@ar-distill/program';
import {
  conditionFor,
  type Drawer,
  type ImageModel,
  type ImageRequest,
} from '@ar-distill/workflows';
import { imagesOf, type GeneratedImage } from './generated-image';

/** Which images are made. */
export interface GenerateOptions {
  /** Class of every image, taken in turn when `count` is larger; default: all classes in turn. */
  readonly classes?: readonly number[];
  /** Number of images; default: the number of classes that are given, else 1. */
  readonly count?: number;
  /** An integer from 0; default 0. Image i depends on the seed, i and its class alone. */
  readonly seed?: number;
  /**
   * Guidance scale, for generators that were distilled over a range of them (`guidanceRange`): more of it gives up
   * diversity for quality, at the same cost. Default: the scale that their teacher draws with.
   */
  readonly guidance?: number;
  /** Images that are made at a time, at most; default: as many as are made well together. */
  readonly batchSize?: number;
  /** Stops between two batches: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Images that were made. */
export interface GeneratedImages {
  readonly images: readonly GeneratedImage[];
}

/** Makes images with a model: in one step, or as its teacher does. */
export class ImageDrawer {
  constructor(
    protected readonly model: ImageModel,
    private readonly by: Drawer,
  ) {}

  /** Number of classes; undefined when the model is not conditioned on a class. */
  get numClasses(): number | undefined {
    return this.model.condition.numClasses;
  }

  /** Size of the images in pixels, and their channels: 1 (grey) or 3 (colour). */
  get imageSize(): { readonly height: number; readonly width: number; readonly channels: number } {
    const [height, width, channels] = this.model.imageShape;
    return { height, width, channels };
  }

  /**
   * Makes images.
   * @throws InvalidOptionError naming the option that is wrong.
   */
  async generate(options: GenerateOptions = {}): Promise<GeneratedImages> {
    const images: GeneratedImage[] = [];
    for await (const batch of this.batches(options)) images.push(...batch);
    return { images };
  }

  /** The same batch by batch, for more images than should be in memory together. */
  batches(
    options: GenerateOptions = {},
  ): AsyncGenerator<readonly GeneratedImage[], void, undefined> {
    return this.draw(options, this.model.createRng(options.seed ?? 0));
  }

  /** As `batches`, with the noise of `rng`. */
  protected async *draw(
    { classes, count = classes?.length ?? 1, guidance, batchSize, signal }: GenerateOptions,
    rng: Rng,
    onStep?: ImageRequest['onStep'],
  ): AsyncGenerator<readonly GeneratedImage[], void, undefined> {
    const condition = conditionFor(this.model.condition, classes, count);
    const request = { by: this.by, condition, count, rng, guidance, batchSize, signal, onStep };
    const labels = classesOf(condition);
    for await (const { first, images } of this.model.draw(request)) {
      yield imagesOf(images, labels?.subarray(first, first + images.shape[0]!));
    }
  }
}
