import { conditionRows, type FeatureNetworkProvider } from '@ar-distill/core';
import {
  compileOneStep,
  independentMarginals,
  type MarginalSamples,
  type TeacherPool,
} from '@ar-distill/core/sampling';
import { FRECHET_DISTANCE } from '@ar-distill/evaluation';
import {
  gapClosed,
  imageGrid,
  lineChart,
  renderReport,
  type MetricColumn,
  type QualityPoint,
  type ResultRow,
  type SpeedComparison,
} from '@ar-distill/evaluation/report';
import { elementCount, float32, type HostTensor, type Rng } from '@ar-distill/program';
import type { PresetContext } from '../context';
import { describeAdaptation } from '../adapt/describe-adaptation';
import { imagesOf, openEvaluator, type ImageEvaluator } from '../evaluate/image-evaluator';
import type { LoadedTokenizer } from '../models/preset-models';
import { snapshotIteration, snapshotName } from '../runs/run-files';
import { imageBatch } from '../sample/batch-sizes';
import { compileDecoder, type Decoder } from '../sample/decoder';
import { decodeSequences, drawImages, type DrawnImages } from '../sample/draw-images';
import { imageSampler } from '../sample/image-sampler';
import { flattenSettings } from './flatten-settings';
import { openMethods, timeMethods } from './report-methods';
import { ADAPTED, INDEPENDENT, pictureFile, TEACHER } from './row-names';
import { compareSpeed } from './speed-comparison';
import { resultOf, type ReportSubject } from './report-subject';

const BATCH = 250;
/** Points of the quality curve are measured with fewer images than the table. */
const CURVE_SAMPLES = 5000;
const CURVE_POINTS = 8;
const GRID = { rows: 10, columns: 10, scale: 2 };
const CURVE_FILE = 'samples/distance-over-time.svg';

/** A report with figures. */
export interface ImageReport {
  readonly kind: 'images';
  /** Path of `report.md`. */
  readonly file: string;
  readonly rows: readonly ResultRow[];
  readonly columns: readonly MetricColumn[];
  /** Samples per row. */
  readonly samples: number;
  /** Name of the Fréchet distance in the features that were used. */
  readonly frechetName: string;
  /** See `gapClosed`. */
  readonly gapClosed?: number | undefined;
  /** Fréchet distance of the generator over that of the teacher; undefined when it is not measured. */
  readonly ratio?: number | undefined;
  readonly speed: readonly SpeedComparison[];
  /** Seconds that the generator was trained. */
  readonly seconds: number;
}

type ImageSubject = ReportSubject & { readonly decoder: Decoder };

/** Measures every row of the table, writes pictures and `report.md`. */
export async function writeImageReport(subject: ImageSubject): Promise<ImageReport> {
  const { context, models, adaptation, outcome, run, decoder, settings } = subject;
  const rng = context.createRng(subject.seed);
  const { columns, rows, pictures, evaluator, samples } = await measureRows(subject, rng);
  const { frechetName, definition } = evaluator.provider;
  // Against the teacher that was given, not the adapted one.
  const { generator } = models;
  const speed = await compareSpeed(
    context,
    adaptation?.original ?? models,
    { generator, weights: outcome.weights },
    decoder,
    rng,
  );
  const overTime = evaluator.frechetDistance
    ? await qualityCurve(subject, evaluator.provider, evaluator.frechetDistance, rng)
    : [];
  await evaluator.dispose();
  const result = resultOf(outcome);
  if (overTime.length > 1) {
    const points = overTime.map(({ seconds, distance }) => [seconds, distance] as const);
    const chart = lineChart([{ name: result?.name ?? 'generator', points }], {
      title: `${frechetName} during training (${curveSamples(subject)} samples)`,
      xLabel: 'training time in seconds',
      yLabel: frechetName,
      yScale: 'log',
    });
    await run.writeFile(CURVE_FILE, Buffer.from(chart));
    pictures.push({ title: `${frechetName} over time`, path: CURVE_FILE });
  }
  const distanceOf = (name: string | undefined): number | undefined =>
    rows.find((row) => row.name === name)?.values?.[FRECHET_DISTANCE.name];
  const independent = distanceOf(INDEPENDENT);
  const distilled = distanceOf(result?.name);
  const teacher = distanceOf(TEACHER);
  const isCompared = distilled !== undefined && teacher !== undefined;
  const gap =
    isCompared && independent !== undefined
      ? gapClosed({ independent, distilled, teacher })
      : undefined;
  const text = renderReport({
    title: `${context.found.name}: one-step generator`,
    rows,
    quality: { frechetName, definition, columns, samples, gapClosed: gap, overTime },
    speed,
    ...(adaptation ? { adaptation: describeAdaptation(adaptation) } : {}),
    settings: {
      ...flattenSettings(settings),
      ...(adaptation ? flattenSettings({ adaptation: adaptation.settings }) : {}),
    },
    timings: subject.timings,
    pictures,
  });
  return {
    kind: 'images',
    file: await run.writeFile('report.md', Buffer.from(text)),
    rows,
    columns,
    samples,
    frechetName,
    gapClosed: gap,
    ratio: isCompared ? distilled / teacher : undefined,
    speed,
    seconds: outcome.seconds,
  };
}

interface Picture {
  readonly title: string;
  readonly path: string;
}

interface MeasuredTable {
  readonly columns: readonly MetricColumn[];
  readonly rows: readonly ResultRow[];
  readonly pictures: Picture[];
  readonly evaluator: ImageEvaluator;
  readonly samples: number;
}

async function measureRows(subject: ImageSubject, rng: Rng): Promise<MeasuredTable> {
  const { context, models, adaptation, outcome, run, decoder } = subject;
  const { compiler } = context;
  const pool = outcome.pool!;
  const poolSize = pool.sequences.shape[0]!;
  const samples = Math.min(subject.samples, poolSize);
  const space = models.teacher.condition;
  const condition = space.inTurn(0, samples);
  const evaluator = await openEvaluator(
    context,
    imagesOf({ teacher: models.teacher, tokenizer: decoder.tokenizer }),
  );
  const methods = await openMethods(subject, decoder);
  const seconds = await timeMethods(methods, subject, rng);
  const rows: ResultRow[] = [];
  if (models.tokenizer) rows.push(reconstructionRow(models.tokenizer));
  const pictures: Picture[] = [];
  const measure = async (
    name: string,
    drawn: DrawnImages,
    extra: Pick<ResultRow, 'evaluations' | 'secondsPerImage'>,
  ): Promise<void> => {
    const { values } = await evaluator.evaluate(drawn.images, drawn.condition);
    rows.push({ name, ...extra, values });
    const path = pictureFile(name);
    await run.writeFile(path, sampleGrid(drawn.images, space.numClasses));
    pictures.push({ title: name, path });
  };

  const batchSize = reportBatch(subject);
  const decode = await compileDecoder(compiler, decoder, batchSize);
  const decoded = (name: string, sequences: HostTensor): Promise<DrawnImages> =>
    decodeSequences(name, decode, batchSize, sequences, condition, rng, context);
  // The method's pool is of the teacher that was distilled.
  const distilledFrom = adaptation ? ADAPTED : TEACHER;
  const firstRows = Int32Array.from({ length: samples }, (_, i) => i);
  const ofPool = conditionRows({ sequences: pool.sequences }, firstRows)['sequences']!;
  for (const [name, sampler] of methods) {
    const drawn =
      name === distilledFrom
        ? await decoded(name, ofPool)
        : await drawImages(name, sampler, condition, samples, rng, context);
    const { evaluations } = sampler;
    await measure(name, drawn, { evaluations, secondsPerImage: seconds.get(name)! });
  }
  for (const sampler of methods.values()) await sampler.dispose();
  const minimum = Math.min(1000, Math.floor(poolSize / (space.numClasses ?? 1)));
  const marginals = marginalsOf(context, pool, { condition, count: samples, minimum }, rng);
  if (marginals) {
    await measure(INDEPENDENT, await decoded('onestep*', marginals), { evaluations: 1 });
  }
  await decode.dispose();
  return { columns: evaluator.columns, rows, pictures, evaluator, samples };
}

/** Independent tokens; undefined when no two samples share a condition, or too few do. */
function marginalsOf(
  { progress }: PresetContext,
  pool: TeacherPool,
  wanted: MarginalSamples,
  rng: Rng,
): HostTensor | undefined {
  try {
    return independentMarginals(pool, wanted, rng);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    progress.message(`The report leaves out ${INDEPENDENT}: ${error.message}`);
    return undefined;
  }
}

/** What training the tokenizer recorded of its reconstructions: a report needs no images. */
function reconstructionRow({ provenance }: LoadedTokenizer): ResultRow {
  const values: Record<string, number> = {};
  for (const [name, value] of Object.entries(provenance)) {
    const metric = RECORDED_NAMES[name] ?? /^reconstruction\.(.+)$/.exec(name)?.[1];
    if (metric !== undefined && typeof value === 'number') values[metric] = value;
  }
  return { name: 'tokenizer reconstruction of the test set', values };
}

/** Names of reconstruction figures in files that were trained before metrics had names. */
const RECORDED_NAMES: Readonly<Record<string, string>> = {
  reconstructionFid: 'frechet-distance',
  reconstructionClassAccuracy: 'class-accuracy',
};

/** Images that are drawn or decoded at a time. */
function reportBatch({ models, decoder }: ImageSubject): number {
  return imageBatch(models.teacher.layout, decoder.tokenizer.imageShape, BATCH);
}

/** Images of one point of the quality curve. */
function curveSamples({ samples }: ImageSubject): number {
  return Math.min(CURVE_SAMPLES, samples);
}

async function qualityCurve(
  subject: ImageSubject,
  { frechetName }: Pick<FeatureNetworkProvider, 'frechetName'>,
  frechetDistance: NonNullable<ImageEvaluator['frechetDistance']>,
  rng: Rng,
): Promise<QualityPoint[]> {
  const { context, models, outcome, trainedIn, run, decoder } = subject;
  const { generator } = models;
  const batchSize = reportBatch(subject);
  const count = curveSamples(subject);
  const condition = models.teacher.condition.inTurn(0, count);
  const saved = (await run.arrayNames())
    .flatMap((name) => snapshotIteration(name) ?? [])
    .filter((iteration) => iteration <= outcome.iteration)
    .sort((a, b) => a - b);
  const stride = Math.max(1, Math.ceil(saved.length / CURVE_POINTS));
  const times = await run.readMetrics();
  const points: QualityPoint[] = [];
  for (let i = stride - 1; i < saved.length; i += stride) {
    const updates = saved[i]!;
    const weights = await run.loadArrays(snapshotName(updates));
    if (!weights) continue;
    const sequences = await compileOneStep({ generator, weights, batchSize }, context.compiler);
    const sampler = await imageSampler(context.compiler, sequences, decoder);
    const name = `${frechetName} at ${updates}`;
    const { images } = await drawImages(name, sampler, condition, count, rng, context).finally(() =>
      sampler.dispose(),
    );
    const record = times.find(
      ({ stage, iteration }) => stage === trainedIn && iteration === updates,
    );
    points.push({
      updates,
      seconds: Number(record?.['seconds'] ?? Number.NaN),
      distance: await frechetDistance(images),
    });
  }
  return points;
}

/** Ten samples of every class, a class per column; without classes a square of samples. */
function sampleGrid(images: HostTensor, numClasses: number | undefined): Uint8Array {
  const columns = Math.min(GRID.columns, numClasses ?? GRID.columns);
  const shown = Math.min(GRID.rows * columns, images.shape[0]!);
  const imageShape = images.shape.slice(1);
  const data = (images.data as Float32Array).subarray(0, shown * elementCount(imageShape));
  return imageGrid(float32([shown, ...imageShape], data), columns, { scale: GRID.scale });
}
