import { isModelDirectory } from '@ar-distill/checkpoints';
import {
  conditionRows,
  guidanceOf,
  isDiscrete,
  type ConditionSpace,
  type SequenceLayout,
} from '@ar-distill/core';
import { compileWatchedTeacher } from '@ar-distill/core/sampling';
import type { ServiceContainer } from '@ar-distill/di';
import type { HostTensor, HostTensors, Rng, StepCompiler } from '@ar-distill/program';
import { onPreset, openContext, type PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import type { WorkflowOptions } from '../events';
import { loadGenerator, type StoredGenerator } from '../models/generator-file';
import { checkGuidance } from '../models/generator-guidance';
import { checkGeneratorSteps } from '../models/generator-steps';
import { findModelSource, type ModelSource } from '../models/model-source';
import { loadPresetModels, type PresetModels } from '../models/preset-models';
import { filesToDraw } from '../runs/run-networks';
import { checkCount } from '../settings/check-option';
import { imageBatch } from './batch-sizes';
import { compileDecoderOf, imageDecoder, type Decoder } from './decoder';
import { drawBatches, type ImageBatch } from './draw-images';
import { generatorSampler } from './generator-sampler';
import { imageSampler, type ImageSampler } from './image-sampler';
import { KeptPrograms } from './kept-programs';
import {
  compileEncoder,
  type CompiledTokenizerProgram,
  compileTokenDecoder,
} from './tokenizer-programs';

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
  /** Network evaluations of the generator per image: 1 (default) or, where it is trained for them, 2. */
  readonly steps?: number | undefined;
  /**
   * Only with the generator: replace every code vector by the nearest code before decoding, or do not; default:
   * as its file says.
   */
  readonly snap?: boolean | undefined;
  /** Images per batch at most; as many as fit well when left out. */
  readonly batchSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A model that has been opened for drawing images; what was compiled is kept for later calls. */
export class ImageModel {
  private readonly samplers = new KeptPrograms<ImageSampler>();
  private readonly tokenizerPrograms = new KeptPrograms<CompiledTokenizerProgram>();
  private generator: Promise<StoredGenerator> | undefined;
  private withTeacher: Promise<PresetModels> | undefined;

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
      ...(files.teacher === undefined && statesArchitecture(found)
        ? { statedBy: found.generator }
        : {}),
    });
    return new ImageModel(context, found, models, imageDecoder(context, models));
  }

  /** [height, width, channels]. */
  get imageShape(): readonly [number, number, number] {
    return this.decoder.tokenizer.imageShape;
  }

  /** Tokens of every AR step, in order. */
  get layout(): SequenceLayout {
    return this.decoder.tokenizer.layout;
  }

  /** Number of codes V: tokens are 0 … V − 1. */
  get vocabSize(): number {
    return this.decoder.tokenizer.vocabSize;
  }

  /** Images that are made well together, at most. */
  get largestBatch(): number {
    return imageBatch(this.models.teacher.layout, this.imageShape, BATCH);
  }

  get condition(): ConditionSpace {
    return this.models.teacher.condition;
  }

  createRng(seed: number): Rng {
    return this.context.createRng(seed);
  }

  /**
   * Images of the request, batch by batch.
   * @throws InvalidOptionError when the source holds no generator, or one of fewer steps, the teacher is given
   *   steps, what draws takes no such guidance, or a batch is no number of images;
   *   Error when the model has been disposed of; the signal's reason when it is aborted.
   */
  async *draw(request: ImageRequest): AsyncGenerator<ImageBatch, void, undefined> {
    const { by, count, rng, steps, snap, signal, onStep } = request;
    const largest = this.largestBatch;
    const wanted = request.batchSize ?? largest;
    checkCount('The size of a batch', wanted);
    if (by === 'teacher' && steps !== undefined) {
      throw new InvalidOptionError('The teacher draws all of its AR steps: leave "steps" out.', {
        options: ['steps'],
      });
    }
    if (by === 'teacher' && snap) {
      throw new InvalidOptionError('The teacher draws codes as they are: leave "snap" out.', {
        options: ['snap'],
      });
    }
    const batchSize = Math.min(wanted, largest, count);
    signal?.throwIfAborted();
    const condition = await this.withGuidanceOf(request);
    const { progress, signal: own } = this.context;
    const sampler = onStep
      ? await this.watched(batchSize, onStep)
      : await this.samplers.get(`${by}/${steps ?? 1}/${String(snap)}/${batchSize}`, () =>
          by === 'teacher'
            ? this.teacherSampler(batchSize)
            : this.generatorSampler(batchSize, { steps, snap }),
        );
    try {
      yield* drawBatches(by, sampler, condition, count, rng, {
        progress,
        signal: signal ? AbortSignal.any([signal, own]) : own,
      });
    } finally {
      if (onStep) await sampler.dispose();
    }
  }

  /**
   * Images [N, H, W, channels] in [−1, 1] as tokens, batch by batch: [b, n] int32, AR step by AR step.
   * @throws NonFiniteError when a pixel is not finite; Error when the model has been disposed of; the
   *   signal's reason when it is aborted.
   */
  encode(images: HostTensor, signal?: AbortSignal): AsyncGenerator<HostTensor, void, undefined> {
    return this.throughTokenizer('encoder', compileEncoder, images, signal);
  }

  /**
   * Tokens [N, n] int32, 0 … V − 1, as images, batch by batch: [b, H, W, channels] in [−1, 1].
   * @throws as `encode`.
   */
  decode(tokens: HostTensor, signal?: AbortSignal): AsyncGenerator<HostTensor, void, undefined> {
    return this.throughTokenizer('token decoder', compileTokenDecoder, tokens, signal);
  }

  async dispose(): Promise<void> {
    await this.samplers.dispose();
    await this.tokenizerPrograms.dispose();
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

  private async *throughTokenizer(
    name: string,
    compile: (
      compiler: StepCompiler,
      decoder: Decoder,
      batchSize: number,
    ) => Promise<CompiledTokenizerProgram>,
    rows: HostTensor,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<HostTensor, void, undefined> {
    signal?.throwIfAborted();
    const count = rows.shape[0]!;
    const batchSize = Math.min(this.largestBatch, count);
    const program = await this.tokenizerPrograms.get(`${name}/${batchSize}`, () =>
      compile(this.context.compiler, this.decoder, batchSize),
    );
    for (let first = 0; first < count; first += batchSize) {
      signal?.throwIfAborted();
      this.context.signal.throwIfAborted();
      // The last batch is filled up with the first rows; what they give is dropped.
      const filled = Int32Array.from({ length: batchSize }, (_, i) => (first + i) % count);
      const made = await program.run(conditionRows({ rows }, filled)['rows']!, first);
      const kept = Array.from({ length: Math.min(batchSize, count - first) }, (_, i) => i);
      yield conditionRows({ made }, kept)['made']!;
    }
  }

  /** The teacher without its cache; opened anew for every call, because it is for looking at. */
  private async watched(
    batchSize: number,
    onStep: NonNullable<ImageRequest['onStep']>,
  ): Promise<ImageSampler> {
    this.samplers.assertOpen();
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

  private async generatorSampler(
    batchSize: number,
    { steps = 1, snap }: Pick<ImageRequest, 'steps' | 'snap'>,
  ): Promise<ImageSampler> {
    const { compiler } = this.context;
    const loaded = await this.loadedGenerator();
    checkGeneratorSteps(loaded, steps);
    const sequences = await generatorSampler(compiler, loaded, batchSize, steps);
    return imageSampler(compiler, sequences, { ...this.decoder, snap: snap ?? loaded.isSnapped });
  }

  private async teacherSampler(batchSize: number): Promise<ImageSampler> {
    const { compiler } = this.context;
    const { teacher, teacherWeights } = await this.loadedTeacher();
    const sequences = await teacher.createSampler(compiler, teacherWeights, batchSize);
    return imageSampler(compiler, sequences, this.decoder);
  }

  private loadedTeacher(): Promise<PresetModels> {
    this.withTeacher ??= loadPresetModels(this.context, this.source.files);
    return this.withTeacher;
  }

  private loadedGenerator(): Promise<StoredGenerator> {
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

/** A run and a model directory keep the architecture beside the generator; a preset states it itself. */
function statesArchitecture({ run, generator }: ModelSource): boolean {
  return run !== undefined || (generator !== undefined && isModelDirectory(generator));
}
