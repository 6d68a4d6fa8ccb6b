import { conditionFor, type ImageModel } from '@ar-distill/workflows';
import { classesOf } from '@ar-distill/core';
import { imagesOf, type GeneratedImage, type GeneratedImages } from './generated-image';
import { countOf, ImageDrawer, type GenerateOptions } from './image-drawer';

/** What a teacher has drawn so far. */
export interface DrawnStep {
  /** AR steps done, from 1. */
  readonly step: number;
  /** AR steps of an image. */
  readonly steps: number;
  /** Number of the first image. */
  readonly first: number;
  /** The images of the batch as they look now: what is not drawn yet is left out of them. */
  readonly images: readonly GeneratedImage[];
}

/** Which images are made, and who watches; the teacher draws with the guidance of its own options. */
export interface TeacherOptions extends Omit<GenerateOptions, 'steps' | 'snap' | 'guidance'> {
  /**
   * Called after every AR step of every batch. The teacher then draws without its key/value cache: the
   * same images, in more time.
   */
  onStep?(drawn: DrawnStep): void | Promise<void>;
}

/** Makes images as the teacher does, AR step by AR step. */
export class TeacherDrawer extends ImageDrawer {
  constructor(model: ImageModel) {
    super(model, 'teacher');
  }

  override generate(options: TeacherOptions = {}): Promise<GeneratedImages> {
    return super.generate(options);
  }

  override batches(
    options: TeacherOptions = {},
  ): AsyncGenerator<readonly GeneratedImage[], void, undefined> {
    this.checkNames(options);
    const { onStep, classes } = options;
    const rng = this.noiseFor(options);
    if (!onStep) return this.draw(options, rng);
    const count = countOf(options);
    const labels = classesOf(conditionFor(this.model.condition, classes, count));
    return this.draw(options, rng, ({ step, steps, first, images }) => {
      const shown = imagesOf(images, labels?.subarray(first)).slice(0, count - first);
      return onStep({ step, steps, first, images: shown });
    });
  }
}
