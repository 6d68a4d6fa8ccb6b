import type { TypedContainer } from '@ar-distill/di';
import { ImageModel, interpolatedNoise, InvalidOptionError } from '@ar-distill/workflows';
import { checkEngine, createContainer, importPlugins } from '../container';
import type { GeneratedImage } from './generated-image';
import { ImageDrawer, type GeneratedImages } from './image-drawer';
import { TeacherDrawer } from './teacher-drawer';

/** How a model is loaded and run. */
export interface LoadOptions {
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
export interface InterpolateOptions {
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
  /** Stops between two batches: the call rejects. */
  readonly signal?: AbortSignal;
}

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
   *   a model directory, or the file of a generator.
   * @throws InvalidOptionError when it is none of these, or an option is wrong; PluginError when no
   *   installed plugin has a preset of that name.
   */
  static async fromPretrained(source: string, options: LoadOptions = {}): Promise<ImageGenerator> {
    const { project = process.cwd(), ...engine } = options;
    await importPlugins({ cwd: project });
    const container = createContainer({ cwd: project, engine });
    try {
      checkEngine(container, engine);
      return new ImageGenerator(container, await ImageModel.open(container, source));
    } catch (error) {
      await container.dispose();
      throw error;
    }
  }

  /** Images on the way from the noise of one seed to that of another, all of one class. */
  async interpolate(options: InterpolateOptions = {}): Promise<GeneratedImages> {
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
    return { images };
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
