import { classesOf } from '@ar-distill/core';
import type { Rng } from '@ar-distill/program';
import {
  conditionFor,
  type Drawer,
  type ImageModel,
  type ImageRequest,
  InvalidOptionError,
  noiseOfEach,
} from '@ar-distill/workflows';
import { type GeneratedImage, GeneratedImages, imagesOf } from './generated-image';
import { checkOptionNames } from './option-names';

/** Which images are made. */
export interface GenerateOptions {
  /** Class of every image, taken in turn when there are more; default: all classes in turn. */
  readonly classes?: readonly number[];
  /** Number of images; default: the number of seeds or else of classes that are given, else 1. */
  readonly count?: number;
  /**
   * Network evaluations per image: 1 (default), or 2 where the generator is trained for them (Distilled
   * Decoding 1).
   */
  readonly steps?: number;
  /**
   * Replace every code vector by the nearest code before decoding, or do not; default: as the preset had it that
   * the generator was distilled with.
   */
  readonly snap?: boolean;
  /** An integer from 0; default 0. Image i depends on the seed, i and its class alone. */
  readonly seed?: number;
  /** A seed for every image, in place of `seed`: image i is the first one of `seeds[i]` and its class. */
  readonly seeds?: readonly number[];
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

const DRAW_OPTIONS = ['classes', 'count', 'seed', 'seeds', 'batchSize', 'signal'] as const;
/** Names of the options of drawing, by who draws. */
const OPTIONS: Readonly<Record<Drawer, readonly string[]>> = {
  generator: [...DRAW_OPTIONS, 'steps', 'snap', 'guidance'],
  teacher: [...DRAW_OPTIONS, 'onStep'],
};

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

  /** Images that are made well together, at most: `generate` makes more of them in several batches. */
  get largestBatch(): number {
    return this.model.largestBatch;
  }

  /**
   * Makes images.
   * @throws InvalidOptionError naming the option that is wrong.
   */
  async generate(options: GenerateOptions = {}): Promise<GeneratedImages> {
    const images: GeneratedImage[] = [];
    for await (const batch of this.batches(options)) images.push(...batch);
    return new GeneratedImages(images);
  }

  /** The same batch by batch, for more images than should be in memory together. */
  batches(
    options: GenerateOptions = {},
  ): AsyncGenerator<readonly GeneratedImage[], void, undefined> {
    this.checkNames(options);
    return this.draw(options, this.noiseFor(options));
  }

  /** @throws InvalidOptionError naming an option that there is not. */
  protected checkNames(options: GenerateOptions): void {
    checkOptionNames(options, OPTIONS[this.by]);
  }

  /**
   * Checks which images are asked for, before any are made.
   * @throws InvalidOptionError as `generate` would.
   */
  check(options: Pick<GenerateOptions, 'classes' | 'count' | 'seed' | 'seeds'>): void {
    conditionFor(this.model.condition, options.classes, countOf(options));
    this.noiseFor(options);
  }

  /** What the images are made of. */
  protected noiseFor({ seed, seeds }: Pick<GenerateOptions, 'seed' | 'seeds'>): Rng {
    const [first, ...others] = seeds ?? [seed ?? 0];
    if (seeds !== undefined && seed !== undefined) {
      throw new InvalidOptionError(
        'A seed is of all images and seeds are of one each: leave one of the two out.',
      );
    }
    if (first === undefined) {
      throw new InvalidOptionError('The list of seeds is empty: name at least one.');
    }
    if (seeds === undefined) return this.model.createRng(first);
    const createRng = (own: number): Rng => this.model.createRng(own);
    return noiseOfEach([createRng(first), ...others.map(createRng)]);
  }

  /** As `batches`, with the noise of `rng`. */
  protected async *draw(
    options: GenerateOptions,
    rng: Rng,
    onStep?: ImageRequest['onStep'],
  ): AsyncGenerator<readonly GeneratedImage[], void, undefined> {
    const { classes, steps, snap, guidance, batchSize, signal } = options;
    const count = countOf(options);
    const condition = conditionFor(this.model.condition, classes, count);
    const { by } = this;
    const request = { by, condition, count, rng, steps, snap, guidance, batchSize, signal, onStep };
    const labels = classesOf(condition);
    for await (const { first, images } of this.model.draw(request)) {
      yield imagesOf(images, labels?.subarray(first, first + images.shape[0]!));
    }
  }
}

/**
 * Number of images.
 * @throws InvalidOptionError when there is another number of seeds.
 */
export function countOf({
  count,
  classes,
  seeds,
}: Pick<GenerateOptions, 'count' | 'classes' | 'seeds'>): number {
  if (seeds === undefined) return count ?? classes?.length ?? 1;
  if (count !== undefined && count !== seeds.length) {
    throw new InvalidOptionError(
      `There are ${seeds.length} seeds for ${count} images: give one for each, or leave the count out.`,
    );
  }
  return seeds.length;
}
