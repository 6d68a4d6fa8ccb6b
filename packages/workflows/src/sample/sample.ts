import { atomicWriteFile } from '@ar-distill/checkpoints';
import { classesOf, ofClasses, type ConditionSpace } from '@ar-distill/core';
import { writeImagesNpz } from '@ar-distill/datasets';
import type { ServiceContainer } from '@ar-distill/di';
import { imageGrid } from '@ar-distill/evaluation/report';
import type { HostTensor, HostTensors } from '@ar-distill/program';
import { openContext } from '../context';
import { InvalidOptionError } from '../errors';
import type { WorkflowOptions } from '../events';
import { resolvePreset, type PresetChoice } from '../models/resolve-preset';
import type { TeacherSamplingChoice } from '../models/teacher-sampling';
import { checkMemory } from '../settings/check-memory';
import { checkCount, checkFileToWrite } from '../settings/check-option';
import { type Exclusion, refuseTogether } from '../settings/refuse-together';
import { imageBatch } from './batch-sizes';
import { imageDecoder } from './decoder';
import { drawFrom } from './draw-from';
import { checkFileSizes } from './file-sizes';
import {
  checkSampler,
  loadSampledModels,
  openSampler,
  sampledFiles,
  type SamplerOptions,
  STEPS_EXCLUSION,
} from './open-sampler';

const BATCH = 100;
const COLUMNS = 10;

/** Options of `sample`. */
export interface SampleOptions extends PresetChoice, SamplerOptions, TeacherSamplingChoice {
  /** Number of images; default 100. */
  readonly count?: number | undefined;
  /** Class labels, taken in turn; default: all that there are. */
  readonly classes?: readonly number[] | undefined;
  /** Default 0. */
  readonly seed?: number | undefined;
  /** PNG file of the grid; none when left out. */
  readonly out?: string | undefined;
  /** Also keep the images in this .npz file. */
  readonly npz?: string | undefined;
}

/** What would be taken and ignored. */
const EXCLUSIONS: readonly Exclusion<'teacher' | 'weights' | 'snap' | 'steps'>[] = [
  {
    option: 'teacher',
    excludes: ['weights', 'snap', 'steps'],
    because: 'the teacher draws by itself, without a generator',
  },
];

/** Images and what they cost. */
export interface SampleResult {
  /** [N, H, W, channels] in [−1, 1]. */
  readonly images: HostTensor;
  /** [N, …]. */
  readonly condition: HostTensors;
  /** Network evaluations per image. */
  readonly evaluations: number;
  readonly secondsPerImage: number;
}

/**
 * Draws images in one step, or with the teacher; writes a grid and an archive where asked to.
 * @throws InvalidOptionError naming the option that is wrong.
 */
export async function sample(
  container: ServiceContainer,
  options: SampleOptions,
  run: WorkflowOptions = {},
): Promise<SampleResult> {
  const { count = 100, seed = 0, out, npz, teacherSteps } = options;
  refuseTogether(options, [STEPS_EXCLUSION]);
  // What the teacher's steps are drawn after is the generator's.
  if (!teacherSteps) refuseTogether(options, EXCLUSIONS);
  checkCount('The number of images', count);
  if (out !== undefined) checkFileToWrite(out, 'a PNG picture', '.png');
  if (npz !== undefined) checkFileToWrite(npz, 'a NumPy archive', '.npz');
  const context = await resolvePreset(openContext(container, run), options, {
    generatorDraws: true,
  });
  const rng = context.createRng(seed);
  checkSampler(context, options);
  const files = await sampledFiles(context, options);
  const models = await loadSampledModels(context, files, options);
  const condition = conditionFor(models.teacher.condition, options.classes, count);
  const { imageShape } = imageDecoder(context, models).tokenizer;
  checkFileSizes(options, count, imageShape);
  checkMemory(`${count} images`, count, imageShape);
  const batchSize = imageBatch(models.teacher.layout, imageShape, Math.min(BATCH, count));
  const { sequences, decoder } = await openSampler(context, models, files, options, batchSize);
  context.emit({ kind: 'ready', writes: [out, npz].filter((file) => file !== undefined) });
  const { images, evaluations, secondsPerImage } = await drawFrom(
    sequences,
    decoder,
    { name: 'sample', condition, count, rng },
    context,
  );
  if (out !== undefined) await atomicWriteFile(out, imageGrid(images, Math.min(COLUMNS, count)));
  if (npz !== undefined) await writeImagesNpz(npz, images, classesOf(condition));
  return { images, condition, evaluations, secondsPerImage };
}

/**
 * Conditions of `count` samples: the given classes in turn, else everything in turn.
 * @throws InvalidOptionError when there are no classes, or not these.
 */
export function conditionFor(
  space: ConditionSpace,
  classes: readonly number[] | undefined,
  count: number,
): HostTensors {
  if (classes?.length === 0) {
    throw new InvalidOptionError('The list of classes is empty: name at least one.');
  }
  checkCount('The number of images', count);
  if (classes === undefined) return space.inTurn(0, count);
  if (space.numClasses === undefined) {
    throw new InvalidOptionError('This model is not conditioned on classes: leave them out.');
  }
  const { numClasses } = space;
  // Before they become 32-bit integers, which would make classes of what is none.
  const wrong = classes.find(
    (label) => !(Number.isInteger(label) && label >= 0 && label < numClasses),
  );
  if (wrong !== undefined) {
    throw new InvalidOptionError(
      `There is no class ${wrong}: give classes from 0 to ${numClasses - 1}.`,
    );
  }
  return ofClasses(Int32Array.from({ length: count }, (_, i) => classes[i % classes.length]!));
}
