import { setTimeout } from 'node:timers/promises';
import type { SequenceSampler } from '@ar-distill/core';
import { disposing } from '@ar-distill/core/optimization';
import { compileOneStep } from '@ar-distill/core/sampling';
import type { ServiceContainer } from '@ar-distill/di';
import type { SpeedComparison } from '@ar-distill/evaluation/report';
import type { Rng } from '@ar-distill/program';
import { openContext, type WorkflowContext } from '../context';
import { InvalidOptionError } from '../errors';
import type { WorkflowOptions } from '../events';
import { loadGenerator, type LoadedGenerator } from '../models/generator-file';
import { loadPresetModels, type PresetModels } from '../models/preset-models';
import { resolvePreset, type PresetChoice } from '../models/resolve-preset';
import type { TeacherSamplingChoice } from '../models/teacher-sampling';
import { compileDecoder, imageDecoder, type Decoder } from '../sample/decoder';
import { checkSampler, sampledFiles, type SamplerOptions } from '../sample/open-sampler';

/** Calls that are timed, by images per call. */
const ROUNDS = { 1: 21, 100: 9 } as const;
/** Milliseconds before each call: threads that wait busily after the one before have gone to sleep. */
const PAUSE = 60;

/** Options of `measureSpeed`. */
export interface SpeedOptions
  extends
    PresetChoice,
    TeacherSamplingChoice,
    Omit<SamplerOptions, 'steps' | 'teacherSteps' | 'snap'> {
  /** Default 0. */
  readonly seed?: number | undefined;
}

/**
 * How much faster the generator's one step is than the teacher's KV-cached sampling.
 * @throws InvalidOptionError when the teacher is asked for without its file: both are measured anyway.
 */
export async function measureSpeed(
  container: ServiceContainer,
  options: SpeedOptions,
  run: WorkflowOptions = {},
): Promise<readonly SpeedComparison[]> {
  if (options.teacher === true) {
    throw new InvalidOptionError(
      'The teacher is measured beside the generator anyway: give "teacher" a file, or leave it out.',
      { options: ['teacher'] },
    );
  }
  const drawing = { ...options, teacher: options.teacher ?? true };
  const context = await resolvePreset(openContext(container, run), drawing);
  checkSampler(context, options);
  const rng = context.createRng(options.seed ?? 0);
  const files = await sampledFiles(context, options);
  const models = await loadPresetModels(context, files);
  const decoder = imageDecoder(context, models);
  const generator = await loadGenerator(context, models, files.generator);
  context.emit({ kind: 'ready', writes: [] });
  context.signal.throwIfAborted();
  return compareSpeed(context, models, generator, decoder, rng);
}

/**
 * Batches of 1 and of 100, in turns, each sequence decoded afterwards by the same decoder.
 * @throws the signal's reason (an AbortError) between two calls when it is aborted.
 */
export async function compareSpeed(
  { compiler, progress, signal }: Pick<WorkflowContext, 'compiler' | 'progress' | 'signal'>,
  { teacher, teacherWeights }: Pick<PresetModels, 'teacher' | 'teacherWeights'>,
  generator: LoadedGenerator,
  decoder: Decoder,
  rng: Rng,
): Promise<SpeedComparison[]> {
  const comparisons: SpeedComparison[] = [];
  for (const [size, rounds] of Object.entries(ROUNDS)) {
    const batchSize = Number(size);
    const condition = teacher.condition.inTurn(0, batchSize);
    const teacherTimes: CallTimes = { sequence: [], image: [] };
    const generatorTimes: CallTimes = { sequence: [], image: [] };
    const evaluations = await disposing(async (own) => {
      const slow = own(await teacher.createSampler(compiler, teacherWeights, batchSize));
      const fast = own(await compileOneStep({ ...generator, batchSize }, compiler));
      const decode = own(await compileDecoder(compiler, decoder, batchSize));
      const call = async (sampler: SequenceSampler, times: CallTimes, first: number) => {
        await setTimeout(PAUSE);
        const started = performance.now();
        const { sequence } = await sampler.sample(condition, rng, first);
        const drawn = performance.now();
        await decode.images(sequence, first);
        times.sequence.push((drawn - started) / 1000);
        times.image.push((performance.now() - started) / 1000);
      };
      for (let round = 0; round <= rounds; round++) {
        signal.throwIfAborted();
        await call(slow, teacherTimes, round * batchSize);
        await call(fast, generatorTimes, round * batchSize);
        const stage = `speed, ${batchSize} per call`;
        progress.update({ stage, done: round + 1, total: rounds + 1, metrics: {} });
      }
      return {
        teacherEvaluations: slow.evaluations,
        generatorEvaluations: fast.evaluations,
      };
    });
    for (const what of ['sequence', 'image'] as const) {
      comparisons.push({
        batchSize,
        decoded: what === 'image',
        ...evaluations,
        teacherSeconds: medianAfterWarmUp(teacherTimes[what]),
        generatorSeconds: medianAfterWarmUp(generatorTimes[what]),
      });
    }
  }
  return comparisons;
}

/** Seconds of every call, the first one included. */
interface CallTimes {
  readonly sequence: number[];
  readonly image: number[];
}

/** The first call warms up and is not counted. */
function medianAfterWarmUp(times: readonly number[]): number {
  const counted = times.slice(1).sort((a, b) => a - b);
  return counted[counted.length >> 1]!;
}
