import {
  guidanceOf,
  isDiscrete,
  type ConditionSpace,
  type SequenceSampler,
} from '@ar-distill/core';
import { compileOneStep, compileWatchedTeacher } from '@ar-distill/core/sampling';
import type { ServiceContainer } from '@ar-distill/di';
import type { HostTensor, HostTensors, Rng } from '@ar-distill/program';
import { onPreset, openContext, type PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import type { WorkflowOptions } from '../events';
import { loadGenerator, type LoadedGenerator } from '../models/generator-file';
import { checkGuidance } from '../models/generator-guidance';
import { findModelSource, type ModelSource } from '../models/model-source';
import { loadPresetModels, type PresetModels } from '../models/preset-models';
import { filesToDraw } from '../runs/run-networks';
import { checkCount } from '../settings/check-option';
import { imageBatch } from './batch-sizes';
import { compileDecoderOf, imageDecoder, type Decoder } from './decoder';
import { drawBatches, type ImageBatch } from './draw-images';
import { imageSampler, type ImageSampler } from './image-sampler';

/** Images per call at most. */
const BATCH = 100;

/** Who draws: the one-step generator, or the teacher AR step by AR step. */
export type Drawer = 'generator' | 'teacher';

/** What the teacher has drawn of a batch after an AR step. */
export interface ImageStep {
  /** AR steps done, from 1. */
  readonly step: number;
  /** AR steps of an image. */
  readonly steps: number;
  /** Number of the batch's first image. */
  readonly first: number;
  /** [B, H, W, channels] in [−1, 1], decoded from what is drawn; more than asked for in a last batch. */
  readonly images: HostTensor;
}

/** Which images are drawn. */
export interface ImageRequest {
  readonly by: Drawer;
  /** [count, …]. */
  readonly condition: HostTensors;
  readonly count: number;
  /** Image i draws from it under index i alone. */
  readonly rng: Rng;
  /** Only with a generator that was distilled over a range of guidance scales: one of them; default: its teacher's. */
  readonly guidance?: number | undefined;
  /**
   * Only with the teacher: called after every AR step of a batch. It then draws without its cache, the
   * same images in more time.
   */
  readonly onStep?: ((step: ImageStep) => void | Promise<void>) | undefined;
  /** Images per batch at most; as many as fit well when left out. */
  readonly batchSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A model that has been opened for drawing images; what was compiled is kept for later calls. */
export class ImageModel {
  private readonly samplers = new Map<string, Promise<ImageSampler>>();
  private generator: Promise<LoadedGenerator> | undefined;
  private withTeacher: Promise<PresetModels> | undefined;
  private disposed = false;

  private constructor(
    private readonly context: PresetContext,
    private readonly source: ModelSource,
    private readonly models: PresetModels,
    private readonly decoder: Decoder,
  ) {}

  /**
   * Opens what `source` names: a preset (the generator that ships with it), a run directory, a model
   * directory, or the file of a generator.
   * @throws InvalidOptionError when it is none of these, or its sequences are not images.
   */
  static async open(
    container: ServiceContainer,
    source: string,
    run: WorkflowOptions = {},
  ): Promise<ImageModel> {
    const found = await findModelSource(container, source);
    const context = onPreset(openContext(container, run), found.preset);
    const { run: made } = found;
    const files = made ? await filesToDraw(context, made, {}, false) : found.files;
    const models = await loadPresetModels(context, files, {
      teacherWeights: false,
      ...(made && files.teacher === undefined ? { statedBy: found.generator } : {}),
    });
    return new ImageModel(context, found, models, imageDecoder(context, models));
  }

  /** [height, width, channels]. */
  get imageShape(): readonly [number, number, number] {
    return this.decoder.tokenizer.imageShape;
  }

  get condition(): ConditionSpace {
    return this.models.teacher.condition;
  }

  createRng(seed: number): Rng {
    return this.context.createRng(seed);
  }

  /**
   * Images of the request, batch by batch.
   * @throws InvalidOptionError when the source holds no generator, a batch is no number of images, or what draws
   *   takes no such guidance; Error when the model has been disposed of; the signal's reason when it is aborted.
   */
  async *draw(request: ImageRequest): AsyncGenerator<ImageBatch, void, undefined> {
    const { by, count, rng, signal, onStep } = request;
    const largest = imageBatch(this.models.teacher.layout, this.imageShape, BATCH);
    const wanted = request.batchSize ?? largest;
    checkCount('The size of a batch', wanted);
    const batchSize = Math.min(wanted, largest, count);
    signal?.throwIfAborted();
    const condition = await this.withGuidanceOf(request);
    const { progress, signal: own } = this.context;
    const sampler = onStep
      ? await this.watched(batchSize, onStep)
      : await this.kept(`${by}/${batchSize}`, () => this.openSampler(by, batchSize));
    try {
      yield* drawBatches(by, sampler, condition, count, rng, {
        progress,
        signal: signal ? AbortSignal.any([signal, own]) : own,
      });
    } finally {
      if (onStep) await sampler.dispose();
    }
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    const opened = [...this.samplers.values()];
    this.samplers.clear();
    // One that could not be opened has told its caller, and leaves nothing to end.
    for (const sampler of await Promise.allSettled(opened)) {
      if (sampler.status === 'fulfilled') await sampler.value.dispose();
    }
  }

  private async withGuidanceOf({
    by,
    condition,
    count,
    guidance: scale,
  }: ImageRequest): Promise<HostTensors> {
    if (scale === undefined) return condition;
    if (by === 'teacher') {
      throw new InvalidOptionError(
        'The guidance is of the generator, and the teacher draws here: leave it out.',
      );
    }
    const { guidance } = (await this.loadedGenerator()).generator.condition;
    if (!guidance) {
      throw new InvalidOptionError(
        'The generator was distilled without "guidanceRange", for one guidance: leave the guidance out.',
      );
    }
    checkGuidance(scale, guidance.range);
    return { ...condition, ...guidanceOf(new Float32Array(count).fill(scale)) };
  }

  private kept(key: string, open: () => Promise<ImageSampler>): Promise<ImageSampler> {
    if (this.disposed) throw new Error('This model has been disposed of: open it again.');
    const known = this.samplers.get(key);
    if (known) return known;
    const opened = open();
    this.samplers.set(key, opened);
    // What could not be opened is tried again by the next call.
    opened.catch(() => this.samplers.delete(key));
    return opened;
  }

  /** The teacher without its cache; opened anew for every call, because it is for looking at. */
  private async watched(
    batchSize: number,
    onStep: NonNullable<ImageRequest['onStep']>,
  ): Promise<ImageSampler> {
    if (this.disposed) throw new Error('This model has been disposed of: open it again.');
    const { compiler, found } = this.context;
    const { teacher, teacherWeights: weights } = await this.loadedTeacher();
    if (!isDiscrete(teacher)) {
      throw new InvalidOptionError(
        `The teacher of "${found.backbone.name}" draws no tokens that could be watched: leave onStep out.`,
      );
    }
    const sequences = await compileWatchedTeacher({ teacher, weights, batchSize }, compiler);
    const decoder = await compileDecoderOf(sequences, compiler, this.decoder);
    return {
      batchSize,
      evaluations: teacher.layout.stepLengths.length,
      draw: async (condition, rng, first) => {
        const { sequence } = await sequences.sample(condition, rng, first, async (step) => {
          const images = await decoder.images(step.sequence, first);
          await onStep({ step: step.step, steps: step.steps, first, images });
        });
        return decoder.images(sequence, first);
      },
      dispose: async () => {
        await sequences.dispose();
        await decoder.dispose();
      },
    };
  }

  private async openSampler(by: Drawer, batchSize: number): Promise<ImageSampler> {
    const { compiler } = this.context;
    const sequences: SequenceSampler =
      by === 'teacher'
        ? await this.teacherSampler(batchSize)
        : await compileOneStep({ ...(await this.loadedGenerator()), batchSize }, compiler);
    return imageSampler(compiler, sequences, this.decoder);
  }

  private async teacherSampler(batchSize: number): Promise<SequenceSampler> {
    const { teacher, teacherWeights } = await this.loadedTeacher();
    return teacher.createSampler(this.context.compiler, teacherWeights, batchSize);
  }

  private loadedTeacher(): Promise<PresetModels> {
    this.withTeacher ??= loadPresetModels(this.context, this.source.files);
    return this.withTeacher;
  }

  private loadedGenerator(): Promise<LoadedGenerator> {
    const { generator, preset } = this.source;
    if (generator === undefined) {
      throw new InvalidOptionError(
        `There is no generator of "${preset.name}" here: distil one first, or draw with the teacher.`,
      );
    }
    this.generator ??= loadGenerator(this.context, this.models, generator);
    return this.generator;
  }
}
