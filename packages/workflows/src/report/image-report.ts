import type { DistillationSettings, GeneratorSnapshot } from '@ar-distill/core/methods';
import { independentMarginals, type TeacherPool } from '@ar-distill/core/sampling';
import {
  FID_MNIST,
  type FidMeasurement,
  gapClosed,
  type ImageEvaluator,
  imageGrid,
  lineChart,
  loadMnistEvaluator,
  renderReport,
  type ResultRow,
  speedUp,
  textTable,
} from '@ar-distill/metrics';
import { float32, type HostTensors, type Rng } from '@ar-distill/program';
import type { Run } from '@ar-distill/runs';
import { type Adaptation, describeAdaptation } from '../adapt/adaptation';
import { decoderOf, type LoadedTokenizer, type PresetModels } from '../models/models';
import { snapshotName } from '../run-folders';
import { decodeSequences, drawImages, type DrawnImages, labelsInTurn } from '../sample/draw-images';
import { compileDecoder, type Decoder, oneStepSource } from '../sample/image-sources';
import type { RecipeContext } from '../types';
import {
  ADAPTED,
  BEFORE,
  DISTILLED,
  INDEPENDENT,
  openMethods,
  pictureFile,
  SNAPPED,
  TEACHER,
  timeMethods,
  TUNED,
} from './report-methods';
import { compareSpeed } from './speed-comparison';

const BATCH = 250;
/** Points of the quality curve are measured with fewer images than the table. */
const CURVE_SAMPLES = 5000;
const CURVE_POINTS = 8;
const GRID = { rows: 10, scale: 2 };

/** Everything that a report on images is made from. */
export interface ImageReport {
  readonly context: RecipeContext;
  /** The teacher that was distilled. */
  readonly models: PresetModels;
  /** How that teacher came about, when it was adapted in this run. */
  readonly adaptation?: Adaptation;
  readonly tokenizer: LoadedTokenizer;
  readonly pool: TeacherPool;
  /** Weights after stage 1. */
  readonly tuned: Readonly<HostTensors>;
  readonly result: GeneratorSnapshot;
  readonly run: Run;
  readonly rng: Rng;
  readonly settings: DistillationSettings;
  readonly samples: number;
  readonly poolSeconds: number;
}

/** Measures every method of the table, writes pictures and `report.md`, prints the table. */
export async function writeImageReport(subject: ImageReport): Promise<string> {
  const { context, models, adaptation, pool, run, rng, result, settings, tuned } = subject;
  const { compiler, print } = context;
  const { numClasses } = models.teacher;
  const classes = Array.from({ length: numClasses }, (_, i) => i);
  const samples = Math.min(subject.samples, pool.labels.data.length);
  const labels = labelsInTurn(classes, samples);
  const decoder = decoderOf(models)!;
  const evaluator = await loadMnistEvaluator(compiler);
  const original = adaptation?.original;
  const speed = await compareSpeed(
    compiler,
    original ?? models,
    { network: models.network, weights: result.average },
    decoder,
    rng,
  );
  const methods = await openMethods(compiler, { models, original, tuned, result }, decoder);
  const seconds = await timeMethods(methods, classes, rng);

  const rows: ResultRow[] = [reconstructionRow(subject.tokenizer)];
  const pictures: { title: string; path: string }[] = [];
  const measure = async (
    name: string,
    drawn: DrawnImages,
    extra: Pick<ResultRow, 'evaluations' | 'secondsPerImage'>,
  ): Promise<void> => {
    const quality = await evaluator.evaluate(drawn.images, drawn.labels);
    rows.push({
      name,
      ...extra,
      fid: quality.fid,
      classAccuracy: quality.classAccuracy,
      precision: quality.precision,
      recall: quality.recall,
      diversity: quality.diversity.mean,
    });
    const file = pictureFile(name);
    await run.writeFile(file, sampleGrid(drawn, decoder, numClasses));
    pictures.push({ title: name, path: file });
  };

  const decode = await compileDecoder(compiler, decoder, BATCH);
  const decoded = (name: string, sequences: Float32Array): Promise<DrawnImages> =>
    decodeSequences(name, decode, BATCH, sequences, labels, context);
  const size = pool.sequences.data.length / pool.labels.data.length;
  // Stage 1 was trained on these sequences of the teacher that was distilled.
  const distilledFrom = original ? ADAPTED : TEACHER;
  const poolSequences = (pool.sequences.data as Float32Array).subarray(0, samples * size);
  for (const name of [TEACHER, ADAPTED, DISTILLED, SNAPPED, BEFORE, TUNED]) {
    const source = methods.get(name);
    if (!source) continue;
    const drawn =
      name === distilledFrom
        ? await decoded(name, poolSequences)
        : await drawImages(name, source, labels, rng, context);
    await measure(name, drawn, {
      evaluations: source.evaluations,
      secondsPerImage: seconds.get(name)!,
    });
  }
  const marginals = independentMarginals(pool, labels, rng, {
    minimumPerClass: Math.min(1000, Math.floor(pool.labels.data.length / numClasses)),
  });
  await measure(INDEPENDENT, await decoded('onestep*', marginals.data as Float32Array), {
    evaluations: 1,
  });
  for (const source of methods.values()) await source.dispose();
  await decode.dispose();

  const fidOverTime = await qualityCurve(subject, decoder, evaluator);
  await evaluator.dispose();
  if (fidOverTime.length > 1) {
    const chart = lineChart(
      [{ name: DISTILLED, points: fidOverTime.map(({ seconds: s, fid }) => [s, fid] as const) }],
      {
        title: `${FID_MNIST} during stage 2 (${CURVE_SAMPLES} samples)`,
        xLabel: 'training time in seconds',
        yLabel: FID_MNIST,
        yScale: 'log',
      },
    );
    await run.writeFile('samples/fid-over-time.svg', Buffer.from(chart));
    pictures.push({ title: `${FID_MNIST} over time`, path: 'samples/fid-over-time.svg' });
  }
  // Against the teacher that was given, not the adapted one.
  const fidOf = (name: string): number => rows.find((row) => row.name === name)!.fid!;
  const gap = gapClosed({
    independent: fidOf(INDEPENDENT),
    distilled: fidOf(DISTILLED),
    teacher: fidOf(TEACHER),
  });
  const report = renderReport({
    title: `${context.presetName}: one-step generator`,
    rows,
    samples,
    gapClosed: gap,
    speed,
    ...(adaptation ? { adaptation: describeAdaptation(adaptation) } : {}),
    fidOverTime,
    settings: {
      ...flatten(settings),
      ...(adaptation ? flatten({ adaptation: adaptation.settings }) : {}),
    },
    timings: await stageTimes(subject),
    pictures,
  });
  print('');
  print(textTable(rows));
  print('');
  for (const comparison of speed) {
    const { batchSize, decoded: withDecoder } = comparison;
    print(
      `One step over the KV-cached teacher, ${batchSize} per call, ` +
        `${withDecoder ? 'images' : 'sequences'}: ${speedUp(comparison).toFixed(1)}×`,
    );
  }
  if (gap !== undefined) {
    print(
      `Gap closed between independent tokens and the teacher: ${(100 * gap).toFixed(1)}% · ` +
        `${FID_MNIST} of the generator / of the teacher: ${(fidOf(DISTILLED) / fidOf(TEACHER)).toFixed(2)} · ` +
        `stage 2 took ${result.seconds.toFixed(0)} s`,
    );
  }
  return run.writeFile('report.md', Buffer.from(report));
}

/** What training the tokenizer recorded of its reconstructions: a report needs no images. */
function reconstructionRow({ provenance }: LoadedTokenizer): ResultRow {
  const { reconstructionFid, reconstructionClassAccuracy } = provenance;
  return {
    name: 'tokenizer reconstruction of the test set',
    ...(typeof reconstructionFid === 'number' ? { fid: reconstructionFid } : {}),
    ...(typeof reconstructionClassAccuracy === 'number'
      ? { classAccuracy: reconstructionClassAccuracy }
      : {}),
  };
}

async function qualityCurve(
  { context, models, run, rng, settings, samples }: ImageReport,
  decoder: Decoder,
  evaluator: ImageEvaluator,
): Promise<FidMeasurement[]> {
  const classes = Array.from({ length: models.teacher.numClasses }, (_, i) => i);
  const labels = labelsInTurn(classes, Math.min(CURVE_SAMPLES, samples));
  const { generatorIterations, checkpointInterval } = settings;
  const saved = Math.ceil(generatorIterations / checkpointInterval);
  const stride = Math.max(1, Math.ceil(saved / CURVE_POINTS));
  const times = await run.readMetrics();
  const points: FidMeasurement[] = [];
  for (let i = stride; i <= saved; i += stride) {
    const updates = Math.min(generatorIterations, i * checkpointInterval);
    const weights = await run.loadArrays(snapshotName(updates));
    if (!weights) continue;
    const source = await oneStepSource(
      context.compiler,
      { network: models.network, weights },
      decoder,
      BATCH,
    );
    const { images } = await drawImages(`${FID_MNIST} at ${updates}`, source, labels, rng, context);
    await source.dispose();
    const record = times.find(
      ({ stage, iteration }) => stage === 'distillation' && iteration === updates,
    );
    points.push({
      updates,
      seconds: Number(record?.['seconds'] ?? Number.NaN),
      fid: await evaluator.fid(images),
    });
  }
  return points;
}

/** Seconds per stage, from the metrics log. */
async function stageTimes({
  run,
  poolSeconds,
  adaptation,
}: ImageReport): Promise<Record<string, number>> {
  const times: Record<string, number> = {
    ...(adaptation ? { 'adaptation sequences': adaptation.sequenceSeconds } : {}),
    'teacher sequences': poolSeconds,
  };
  for (const { stage, seconds } of await run.readMetrics()) {
    if (typeof stage === 'string' && typeof seconds === 'number') times[stage] = seconds;
  }
  return times;
}

/** Ten samples of every class, a class per column. */
function sampleGrid(
  { images }: DrawnImages,
  { tokenizer }: Decoder,
  numClasses: number,
): Uint8Array {
  const columns = Math.min(10, numClasses);
  const count = Math.min(GRID.rows * columns, images.length / pixels(tokenizer.imageShape));
  const shown = images.subarray(0, count * pixels(tokenizer.imageShape));
  return imageGrid(float32([count, ...tokenizer.imageShape], shown), columns, {
    scale: GRID.scale,
  });
}

function pixels(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Nested settings under dotted names. */
function flatten(settings: object, prefix = ''): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([key, value]: [string, unknown]) => {
      if (Array.isArray(value)) return [[prefix + key, value.join(' → ')]];
      return typeof value === 'object' && value !== null
        ? Object.entries(flatten(value, `${prefix}${key}.`))
        : [[prefix + key, value as string | number]];
    }),
  );
}
