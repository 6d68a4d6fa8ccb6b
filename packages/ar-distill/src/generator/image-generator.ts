import type { TypedContainer } from '@ar-distill/di';
import {
  ImageModel,
  interpolatedNoise,
  InvalidOptionError,
  localModel,
  type WorkflowOptions,
} from '@ar-distill/workflows';
import { checkEngine, createContainer, importPlugins } from '../container';
import { hubOf } from '../hub';
import {
  type GeneratedImage,
  GeneratedImages,
  type ImagePixels,
  imagesOf,
} from './generated-image';
import { ImageDrawer } from './image-drawer';
import { imagesToEncode, type TokenLayout, tokensToDecode } from './image-tokens';
import { checkOptionNames } from './option-names';
import { TeacherDrawer } from './teacher-drawer';

/** How a model is loaded and run; `signal` and `onEvent` follow and stop a download. */
export interface LoadOptions extends WorkflowOptions {
  /** Threads of the engine; default: the physical cores. */
  readonly threads?: number;
  /** What programs run on: `onnxruntime` (default), `tensorflow` or `cpu`. */
  readonly backend?: string;
  /** Execution provider of ONNX Runtime; default `cpu`. */
  readonly provider?: 'cpu' | 'cuda' | 'webgpu';
  /** Folder of the project whose plugins are used; default: the working folder. */
  readonly project?: string;
}

/** Which images are made on the way between two. */
export interface InterpolateOptions extends StopOptions {
  /** Seed of the first image; default 0. */
  readonly from?: number;
  /** Seed of the last image; default 1. */
  readonly to?: number;
  /** Number of images, both ends among them; default 8. */
  readonly steps?: number;
  /** Class of all of them; default 0 where there are classes. */
  readonly class?: number;
  /** Guidance scale of all of them; see `GenerateOptions`. */
  readonly guidance?: number;
}

/** How a call is stopped. */
export interface StopOptions {
  /** Stops between two batches: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const LOAD_OPTIONS: readonly (keyof LoadOptions)[] = [
  'threads',
  'backend',
  'provider',
  'project',
  'signal',
  'onEvent',
];
const INTERPOLATE_OPTIONS: readonly (keyof InterpolateOptions)[] = [
  'from',
  'to',
  'steps',
  'class',
  'guidance',
  'signal',
];

/** A distilled model that makes whole images in one network evaluation. */
export class ImageGenerator extends ImageDrawer {
  /** The teacher behind it, which makes the same kind of images AR step by AR step. */
  readonly teacher: TeacherDrawer;

  private constructor(
    private readonly container: TypedContainer,
    model: ImageModel,
  ) {
    super(model, 'generator');
    this.teacher = new TeacherDrawer(model);
  }

  /**
   * Loads a model. Weights are read here; programs are compiled when they are first needed.
   *
   * @param source name of a preset of an installed plugin (its generator that ships), a run directory,
   *   a model directory, the file of a generator, or `hf:ORG/NAME@REVISION`: a model on a hub, by a branch,
   *   a tag or a commit of it (default `main`). That one is fetched once and kept in the user's cache.
   * @throws InvalidOptionError when it is none of these, or an option is wrong; PluginError when no
   *   installed plugin has a preset of that name; Error when a model cannot be fetched or arrives damaged.
   */
  static async fromPretrained(source: string, options: LoadOptions = {}): Promise<ImageGenerator> {
    if (typeof source !== 'string') {
      throw new InvalidOptionError(
        `A model is named by a text, that of a preset or a path, not by ${String(source)}.`,
      );
    }
    checkOptionNames(options, LOAD_OPTIONS);
    const { project = process.cwd(), signal, onEvent, ...engine } = options;
    await importPlugins({ cwd: project });
    const container = createContainer({ cwd: project, engine });
    try {
      checkEngine(container, engine);
      const local = await localModel(container, source, hubOf(process.env), { signal, onEvent });
      return new ImageGenerator(container, await ImageModel.open(container, local));
    } catch (error) {
      await container.dispose();
      throw error;
    }
  }

  /** Images on the way from the noise of one seed to that of another, all of one class. */
  async interpolate(options: InterpolateOptions = {}): Promise<GeneratedImages> {
    checkOptionNames(options, INTERPOLATE_OPTIONS);
    const { from = 0, to = 1, steps = 8, guidance, signal } = options;
    if (!Number.isInteger(steps) || steps < 2) {
      throw new InvalidOptionError(`An interpolation has 2 steps or more, not ${steps}.`);
    }
    const label = options.class ?? (this.numClasses === undefined ? undefined : 0);
    const noise = interpolatedNoise(this.model.createRng(from), this.model.createRng(to), steps);
    const images: GeneratedImage[] = [];
    const request = {
      count: steps,
      ...(label === undefined ? {} : { classes: [label] }),
      ...(guidance === undefined ? {} : { guidance }),
      ...(signal ? { signal } : {}),
    };
    for await (const batch of this.draw(request, noise)) images.push(...batch);
    return new GeneratedImages(images);
  }

  /** What `encode` gives and `decode` takes. */
  get tokenLayout(): TokenLayout {
    const { layout, vocabSize } = this.model;
    return { stepLengths: layout.stepLengths, vocabSize };
  }

  /**
   * Images as tokens, which the model's tokenizer reads in them: `decode` makes them again, as well as the
   * tokenizer can.
   *
   * @param images of the model's `imageSize`, with pixels from 0 to 255, [height, width, channels], row-major.
   * @returns the tokens of every image, AR step by AR step; see `tokenLayout`.
   * @throws InvalidOptionError naming the image that has another size; Error when the model has been
   *   disposed of.
   */
  async encode(
    images: readonly ImagePixels[],
    { signal }: StopOptions = {},
  ): Promise<readonly Int32Array[]> {
    const tokens: Int32Array[] = [];
    for await (const { shape, data } of this.model.encode(
      imagesToEncode(this.model, images),
      signal,
    )) {
      const [count, n] = shape as [number, number];
      for (let i = 0; i < count; i++)
        tokens.push(Int32Array.from(data.subarray(i * n, (i + 1) * n)));
    }
    return tokens;
  }

  /**
   * The images of tokens.
   *
   * @param sequences tokens of every image, AR step by AR step; see `tokenLayout`.
   * @throws InvalidOptionError naming the image whose tokens are none of this model; Error when the model has
   *   been disposed of.
   */
  async decode(
    sequences: readonly ArrayLike<number>[],
    { signal }: StopOptions = {},
  ): Promise<GeneratedImages> {
    const images: GeneratedImage[] = [];
    const tokens = tokensToDecode(this.model, sequences);
    for await (const batch of this.model.decode(tokens, signal)) {
      images.push(...imagesOf(batch, undefined));
    }
    return new GeneratedImages(images);
  }

  /** Frees the weights and ends the engine; the process can exit afterwards. */
  async dispose(): Promise<void> {
    await this.model.dispose();
    await this.container.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
