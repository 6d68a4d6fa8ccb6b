import { disposing } from '@ar-distill/core/optimization';
import { FRECHET_DISTANCE } from '@ar-distill/evaluation';
import {
  biasWarning,
  gapClosed,
  lineChart,
  renderReport,
  type MetricColumn,
  type QualityPoint,
  type ResultRow,
  resultTable,
  type SpeedComparison,
} from '@ar-distill/evaluation/report';
import { describeAdaptation } from '../adapt/describe-adaptation';
import { imagesOf, openEvaluator } from '../evaluate/image-evaluator';
import { flattenSettings } from './flatten-settings';
import { measureRows } from './measured-table';
import { curveSamples, qualityCurve } from './quality-curve';
import { timedBatch } from './report-methods';
import { drawnName, type ImageSubject, isMeasured, resultOf } from './report-subject';
import { writeResults } from './results-file';
import { INDEPENDENT, TEACHER } from './row-names';
import { writeRunPage } from './run-page';
import { compareSpeed } from './speed-comparison';

const CURVE_FILE = 'samples/distance-over-time.svg';

/** A report with figures. */
export interface ImageReport {
  readonly kind: 'images';
  /** Path of `report.md`. */
  readonly file: string;
  readonly rows: readonly ResultRow[];
  readonly columns: readonly MetricColumn[];
  /** Name of the row of the distilled generator. */
  readonly result?: string | undefined;
  readonly overTime: readonly QualityPoint[];
  /** Samples per row. */
  readonly samples: number;
  /** Name of the Fréchet distance in the features that were used. */
  readonly frechetName: string;
  /** See `biasWarning`. */
  readonly warning?: string | undefined;
  /** See `gapClosed`. */
  readonly gapClosed?: number | undefined;
  /** Fréchet distance of the generator over that of the teacher; undefined when it is not measured. */
  readonly ratio?: number | undefined;
  readonly speed: readonly SpeedComparison[];
  /** Seconds that the generator was trained. */
  readonly seconds: number;
}

/** Measures every row of the table, writes pictures, `report.md` and `results.json`. */
export async function writeImageReport(subject: ImageSubject): Promise<ImageReport> {
  const { context, adaptation, outcome, run, settings } = subject;
  const { provider, table, speed, overTime } = await measure(subject);
  const { rows, columns, samples } = table;
  const { frechetName, definition } = provider;
  const pictures = [...table.pictures];
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
  const distilled = distanceOf(drawnName(subject));
  const teacher = distanceOf(TEACHER);
  const isCompared = distilled !== undefined && teacher !== undefined;
  const gap =
    isCompared && independent !== undefined
      ? gapClosed({ independent, distilled, teacher })
      : undefined;
  const warning = biasWarning(rows, frechetName, samples);
  const text = renderReport({
    title: `${context.found.name}: one-step generator`,
    rows,
    timedBatch: timedBatch(subject),
    quality: { frechetName, definition, columns, samples, gapClosed: gap, overTime, warning },
    speed,
    ...(adaptation ? { adaptation: describeAdaptation(adaptation) } : {}),
    settings: {
      ...flattenSettings(settings),
      ...(adaptation ? flattenSettings({ adaptation: adaptation.settings }) : {}),
    },
    timings: subject.timings,
    pictures,
  });
  await writeResults(run, Object.fromEntries(rows.map(({ name, values = {} }) => [name, values])));
  await writeRunPage(subject, {
    verdict:
      gap === undefined
        ? undefined
        : `The generator closes ${(100 * gap).toFixed(1)}% of the ${frechetName} difference between independent tokens and the teacher.`,
    table: resultTable(rows, columns),
    pictures: table.pictures,
  });
  return {
    kind: 'images',
    file: await run.writeFile('report.md', Buffer.from(text)),
    rows,
    columns,
    result: result?.name,
    overTime,
    samples,
    frechetName,
    warning,
    gapClosed: gap,
    ratio: isCompared ? distilled / teacher : undefined,
    speed,
    seconds: outcome.seconds,
  };
}

/** Everything that is drawn and measured for the report. */
async function measure(subject: ImageSubject) {
  const { context, models, adaptation, outcome, decoder } = subject;
  const rng = context.createRng(subject.seed);
  return disposing(async (own) => {
    const { teacher } = models;
    const images = imagesOf({ teacher, tokenizer: decoder.tokenizer });
    const evaluator = own(await openEvaluator(context, images));
    const { provider, frechetDistance } = evaluator;
    const table = await measureRows(subject, evaluator, rng);
    // Against the teacher that was given, not the adapted one.
    const speed = subject.rows
      ? []
      : await compareSpeed(
          context,
          adaptation?.original ?? models,
          { generator: models.generator, weights: outcome.weights },
          decoder,
          rng,
        );
    const result = resultOf(outcome);
    const overTime =
      frechetDistance && (!result || isMeasured(subject, result.name))
        ? await qualityCurve(subject, provider, frechetDistance, rng)
        : [];
    return { provider, table, speed, overTime };
  });
}
