import { disposing } from '@ar-distill/core/optimization';
import { METRICS, type ServiceContainer } from '@ar-distill/di';
import { PATH_LENGTH } from '@ar-distill/evaluation';
import { formatValue, type MetricColumn, spreadOf } from '@ar-distill/evaluation/report';
import type { Rng } from '@ar-distill/program';
import { openContext, type PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import type { WorkflowOptions } from '../events';
import { resolvePreset, type PresetChoice } from '../models/resolve-preset';
import type { TeacherSamplingChoice } from '../models/teacher-sampling';
import type { ImageSampler } from '../sample/image-sampler';
import { type SamplerOptions, STEPS_EXCLUSION } from '../sample/open-sampler';
import { checkCount, checkFile } from '../settings/check-option';
import { namedOption } from '../settings/named-option';
import { type Exclusion, refuseTogether } from '../settings/refuse-together';
import { checkImageCount } from './image-count';
import { imagesOfPreset, openEvaluator, whyNotMeasured } from './image-evaluator';
import {
  archiveSource,
  type ImageSource,
  reconstructionSource,
  sampledSource,
} from './image-source';
import { pathLengthMeasure } from './path-length';

const SAMPLES = 10_000;
const PAIRS = 10_000;
/** Seeds of draws are integers below. */
const SEEDS = 2 ** 31;

/** Options of `evaluate`. */
export interface EvaluateOptions extends PresetChoice, SamplerOptions, TeacherSamplingChoice {
  /** Measure the tokenizer's reconstructions of the test set instead. */
  readonly reconstruction?: boolean | undefined;
  /** Measure the images of this .npz file instead. */
  readonly npz?: string | undefined;
  /** Images that are drawn, default 10,000; of reconstructions at most, default all. */
  readonly samples?: number | undefined;
  /** Default 0. */
  readonly seed?: number | undefined;
  /** Metrics by name; default: the preset's, or all that can be computed. */
  readonly metrics?: readonly string[] | undefined;
  /** Independent draws of all samples, 2 or more, under seeds that are drawn from `seed`. */
  readonly draws?: number | undefined;
  /** Measure the path length in noise space of a one-step generator, over so many pairs; true is 10,000. */
  readonly pathLength?: boolean | number | undefined;
  /** Measure the Fréchet distance to as many samples of the teacher, too, which are drawn for it. */
  readonly teacherDistance?: boolean | undefined;
}

/** What would be taken and ignored. */
const EXCLUSIONS: readonly Exclusion<keyof EvaluateOptions>[] = [
  {
    option: 'npz',
    excludes: [
      'reconstruction',
      'run',
      'teacher',
      'weights',
      'steps',
      'snap',
      'tokenizer',
      'samples',
      'seed',
      'draws',
      'pathLength',
      'teacherDistance',
    ],
    because: 'the images of the file are measured as they are',
  },
  {
    option: 'reconstruction',
    excludes: [
      'teacher',
      'weights',
      'steps',
      'snap',
      'seed',
      'draws',
      'pathLength',
      'teacherDistance',
    ],
    because: 'nothing is drawn then',
  },
  {
    option: 'teacherSteps',
    excludes: ['pathLength'],
    because: 'the teacher draws tokens, which no path leads through',
  },
  STEPS_EXCLUSION,
];

/** Unless the teacher only draws the last steps of the generator's images. */
const TEACHER_EXCLUSIONS: typeof EXCLUSIONS = [
  {
    option: 'teacher',
    excludes: ['weights', 'steps', 'snap', 'pathLength'],
    because: 'the teacher draws without a generator',
  },
  {
    option: 'teacher',
    excludes: ['teacherDistance'],
    because: 'its own samples are measured',
  },
];

/** One figure for people. */
export interface Figure {
  readonly title: string;
  readonly text: string;
}

/** How good images are. */
export interface EvaluateResult {
  readonly count: number;
  /** Values of all metrics, by name; over several draws the means of those that tables show. */
  readonly values: Readonly<Record<string, number>>;
  /** The values that tables show, as they show them; over several draws with their deviation (n − 1). */
  readonly figures: readonly Figure[];
  /** What they were measured with. */
  readonly definition: string;
  /** Pairs of images of the path length, where it is measured. */
  readonly pairs?: number;
  /** What was measured of every draw, where there are several. */
  readonly draws?: readonly MeasuredDraw[];
}

/** What was measured of the images of a seed. */
export interface MeasuredDraw {
  readonly seed: number;
  /** Values of all metrics, by name. */
  readonly values: Readonly<Record<string, number>>;
}

/**
 * Measures a generator, the teacher, the tokenizer's reconstructions or images in a file.
 * @throws InvalidOptionError naming the option that is wrong.
 */
export async function evaluate(
  container: ServiceContainer,
  options: EvaluateOptions,
  run: WorkflowOptions = {},
): Promise<EvaluateResult> {
  checkOptions(options);
  const pairs = pairsOf(options);
  const opened = openContext(container, run);
  const teacherDraws = options.teacherDistance === true;
  const generatorDraws = options.npz === undefined && !options.reconstruction;
  const context = measuringBy(
    await resolvePreset(opened, options, { teacherDraws, generatorDraws }),
    options.metrics,
  );
  checkMeasurable(context, options);
  const sources = drawsOf(context, options);
  return disposing(async (own) => {
    const source = await openSource(context, options, own);
    // Of a file it shows only now how many there are, and their classes may come in any order.
    checkImageCount(context, source.images, source.count);
    const evaluator = own(await openEvaluator(context, source.images));
    const measureLength =
      source.drawBatch && pairs !== undefined
        ? pathLengthMeasure(context, source.drawBatch, evaluator, pairs)
        : undefined;
    context.emit({ kind: 'ready', writes: [] });
    context.signal.throwIfAborted();
    let columns: readonly MetricColumn[] = [];
    const draws: MeasuredDraw[] = [];
    for (const rng of sources) {
      const measuring = source.drawTeacher
        ? evaluator.withTeacher(await evaluator.statistics(await source.drawTeacher(rng)))
        : evaluator;
      const { images, condition } = await source.draw(rng);
      const { values } = await measuring.evaluate(images, condition);
      const length = measureLength && { [PATH_LENGTH.name]: await measureLength(rng) };
      draws.push({ seed: rng.seed, values: { ...values, ...length } });
      columns = [...measuring.columns, ...(measureLength ? [PATH_LENGTH] : [])];
    }
    return {
      count: source.count,
      ...summaryOf(draws, columns),
      definition: evaluator.provider.definition,
      ...(pairs === undefined ? {} : { pairs }),
      ...(options.draws === undefined ? {} : { draws }),
    };
  });
}

function checkOptions(options: EvaluateOptions): void {
  refuseTogether(options, EXCLUSIONS);
  if (!options.teacherSteps) refuseTogether(options, TEACHER_EXCLUSIONS);
  const { npz, samples = SAMPLES, draws, teacherDistance } = options;
  if (npz !== undefined) checkFile(npz);
  checkCount('The number of samples', samples);
  checkCount('The number of pairs', pairsOf(options) ?? PAIRS);
  if (teacherDistance && samples < 2) {
    throw new InvalidOptionError(
      'The distance to the teacher needs 2 images or more, not 1: raise the number of samples.',
    );
  }
  if (draws === undefined || (Number.isSafeInteger(draws) && draws >= 2)) return;
  throw new InvalidOptionError(
    `The number of draws must be a whole number from 2 on, not ${draws}: leave it out to draw once.`,
  );
}

/** Pairs of the path length; undefined where it is not measured. */
function pairsOf({ pathLength = false }: EvaluateOptions): number | undefined {
  if (typeof pathLength === 'number') return pathLength;
  return pathLength ? PAIRS : undefined;
}

/** Random numbers of every draw: those of the seed itself where there is one. */
function drawsOf(
  { createRng }: PresetContext,
  { seed = 0, draws }: EvaluateOptions,
): readonly Rng[] {
  const rng = createRng(seed);
  if (draws === undefined) return [rng];
  return Array.from({ length: draws }, (_, i) =>
    createRng(rng.integers('seeds of draws', i, 1, SEEDS)[0]!),
  );
}

function openSource(
  context: PresetContext,
  options: EvaluateOptions,
  own: (sampler: ImageSampler) => ImageSampler,
): Promise<ImageSource> {
  const { npz, reconstruction, samples: count = SAMPLES, teacherDistance } = options;
  if (npz !== undefined) return archiveSource(context, npz);
  if (reconstruction) return reconstructionSource(context, options);
  const alongPaths = pairsOf(options) !== undefined;
  return sampledSource(
    context,
    options,
    { count, besideTeacher: teacherDistance, alongPaths },
    own,
  );
}

function summaryOf(
  draws: readonly MeasuredDraw[],
  columns: readonly MetricColumn[],
): Pick<EvaluateResult, 'values' | 'figures'> {
  const shown = columns.flatMap((column) => {
    const spread = spreadOf(draws.flatMap(({ values }) => values[column.name] ?? []));
    return spread ? [{ column, ...spread }] : [];
  });
  return {
    values:
      draws.length === 1
        ? draws[0]!.values
        : Object.fromEntries(shown.map(({ column, mean }) => [column.name, mean])),
    figures: shown.map(({ column, mean, deviation }) => ({
      title: column.title,
      text: [mean, deviation]
        .flatMap((value) => (value === undefined ? [] : formatValue(column, value)))
        .join(' ± '),
    })),
  };
}

/** The preset with other metrics than it names itself. */
function measuringBy(
  context: PresetContext,
  metrics: readonly string[] | undefined,
): PresetContext {
  const { container, found } = context;
  const { evaluation, ...preset } = found.preset;
  if (metrics === undefined || !evaluation) return context;
  const registered = container.resolveAll(METRICS);
  for (const name of metrics) namedOption('metric', registered, name);
  const measured = { ...preset, evaluation: { ...evaluation, metrics } };
  return { ...context, found: { ...found, preset: measured } };
}

/** Throws when the preset's images are none that its feature network knows, or too few. */
function checkMeasurable(
  context: PresetContext,
  { npz, reconstruction, samples = SAMPLES }: EvaluateOptions,
): void {
  const images = imagesOfPreset(context.found);
  if (npz !== undefined || images === undefined) return;
  const labels = images.labels || Boolean(reconstruction);
  const reason = whyNotMeasured(context, { ...images, labels });
  if (reason !== undefined) {
    throw new InvalidOptionError(`${reason.replace(/[.?]$/, '')}; sample them to look at them.`);
  }
  checkImageCount(context, images, samples);
}
