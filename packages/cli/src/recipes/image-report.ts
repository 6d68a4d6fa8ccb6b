import type { DistillationSettings, GeneratorSnapshot, Rng, TeacherPool } from '@ar-distill/core';
import {
  FID_MNIST,
  gapClosed,
  imageGrid,
  independentMarginals,
  lineChart,
  loadMnistEvaluator,
  renderReport,
  textTable,
  type FidMeasurement,
  type ImageEvaluator,
  type ResultRow,
} from '@ar-distill/metrics';
import { float32, type HostTensors } from '@ar-distill/nn';
import type { Run } from '@ar-distill/runs';
import { decodeSequences, drawImages, labelsInTurn, type DrawnImages } from './draw-images';
import {
  arDiffusionSource,
  compileDecoder,
  oneStepSource,
  teacherSource,
  type Decoder,
  type ImageSource,
} from './image-sources';
import { decoderOf, type LoadedTokenizer, type PresetModels } from './models';
import { snapshotName } from './run-folders';
import type { RecipeContext } from './types';

const BATCH = 250;
/** Timings: batches of this many images, this often, in turns. */
const TIMED_BATCH = 100;
const TIMED_ROUNDS = 5;
/** Points of the quality curve are measured with fewer images than the table. */
const CURVE_SAMPLES = 5000;
const CURVE_POINTS = 8;
const SOLVER_STEPS = 10;
const GRID = { rows: 10, scale: 2 };

/** Everything that a report on images is made from. */
export interface ImageReport {
  readonly context: RecipeContext;
  readonly models: PresetModels;
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
  const { context, models, pool, run, rng, result, settings } = subject;
  const { compiler, print } = context;
  const { numClasses } = models.teacher;
  const classes = Array.from({ length: numClasses }, (_, i) => i);
  const samples = Math.min(subject.samples, pool.labels.data.length);
  const labels = labelsInTurn(classes, samples);
  const decoder = decoderOf(models)!;
  const evaluator = await loadMnistEvaluator(compiler);
  const methods = await openSources(subject, decoder);
  const seconds = await timeSources(methods, classes, rng);

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
    const slug = name.replaceAll(/\W+/g, '-').replace(/-$/, '').toLowerCase();
    const file = `samples/${slug}.png`;
    await run.writeFile(file, sampleGrid(drawn, decoder, numClasses));
    pictures.push({ title: name, path: file });
  };

  const decode = await compileDecoder(compiler, decoder, BATCH);
  const decoded = (name: string, sequences: Float32Array): Promise<DrawnImages> =>
    decodeSequences(name, decode, BATCH, sequences, labels, context);
  const size = pool.sequences.data.length / pool.labels.data.length;
  await measure(
    TEACHER,
    await decoded('teacher', (pool.sequences.data as Float32Array).subarray(0, samples * size)),
    { evaluations: methods[TEACHER].evaluations, secondsPerImage: seconds[TEACHER] },
  );
  for (const name of [DISTILLED, SNAPPED, BEFORE, TUNED] as const) {
    const drawn = await drawImages(name, methods[name], labels, rng, context);
    const { evaluations } = methods[name];
    await measure(name, drawn, { evaluations, secondsPerImage: seconds[name] });
  }
  const marginals = independentMarginals(pool, labels, rng, {
    minimumPerClass: Math.min(1000, Math.floor(pool.labels.data.length / numClasses)),
  });
  await measure(INDEPENDENT, await decoded('onestep*', marginals.data as Float32Array), {
    evaluations: 1,
  });
  for (const source of Object.values(methods)) await source.dispose();
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
    fidOverTime,
    settings: flatten(settings),
    timings: await stageTimes(subject),
    pictures,
  });
  print('');
  print(textTable(rows));
  print('');
  if (gap !== undefined) {
    print(
      `Gap closed between independent tokens and the teacher: ${(100 * gap).toFixed(1)}% · ` +
        `${FID_MNIST} of the generator / of the teacher: ${(fidOf(DISTILLED) / fidOf(TEACHER)).toFixed(2)} · ` +
        `stage 2 took ${result.seconds.toFixed(0)} s`,
    );
  }
  return run.writeFile('report.md', Buffer.from(report));
}

const TEACHER = 'AR teacher';
const DISTILLED = 'DD2 generator';
const SNAPPED = 'DD2 generator, snapped to codes';
const BEFORE = 'one step before distillation';
const TUNED = 'AR-diffusion initialisation';
const INDEPENDENT = 'onestep* (independent tokens)';
type Method = typeof TEACHER | typeof DISTILLED | typeof SNAPPED | typeof BEFORE | typeof TUNED;

async function openSources(
  { context, models, tuned, result }: ImageReport,
  decoder: Decoder,
): Promise<Record<Method, ImageSource>> {
  const { compiler } = context;
  const { network, teacher, teacherWeights } = models;
  const distilled = { network, weights: result.average };
  const start = { network, weights: tuned };
  const snapping = { ...decoder, snap: true };
  return {
    [TEACHER]: await teacherSource(compiler, teacher, teacherWeights, decoder, TIMED_BATCH),
    [DISTILLED]: await oneStepSource(compiler, distilled, decoder, TIMED_BATCH),
    [SNAPPED]: await oneStepSource(compiler, distilled, snapping, TIMED_BATCH),
    [BEFORE]: await oneStepSource(compiler, start, decoder, TIMED_BATCH),
    [TUNED]: await arDiffusionSource(compiler, start, decoder, TIMED_BATCH, SOLVER_STEPS),
  };
}

/** Seconds per image, decoder included: medians of rounds in which the methods take turns. */
async function timeSources(
  sources: Readonly<Record<Method, ImageSource>>,
  classes: readonly number[],
  rng: Rng,
): Promise<Record<Method, number>> {
  const times: Record<string, number[]> = {};
  const labels = labelsInTurn(classes, TIMED_BATCH);
  // The first round warms up and is not counted.
  for (let round = 0; round <= TIMED_ROUNDS; round++) {
    for (const [name, source] of Object.entries(sources)) {
      const started = performance.now();
      await source.draw(labels, rng, round * TIMED_BATCH);
      const elapsed = (performance.now() - started) / 1000 / TIMED_BATCH;
      if (round > 0) (times[name] ??= []).push(elapsed);
    }
  }
  return Object.fromEntries(
    Object.entries(times).map(([name, list]) => [
      name,
      list.sort((a, b) => a - b)[list.length >> 1],
    ]),
  ) as Record<Method, number>;
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
async function stageTimes({ run, poolSeconds }: ImageReport): Promise<Record<string, number>> {
  const times: Record<string, number> = { 'teacher sequences': poolSeconds };
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

function flatten(settings: DistillationSettings): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([key, value]) =>
      typeof value === 'object' && !Array.isArray(value)
        ? Object.entries(value).map(([inner, own]) => [`${key}.${inner}`, own])
        : [[key, Array.isArray(value) ? value.join(' → ') : value]],
    ),
  ) as Record<string, string | number>;
}
