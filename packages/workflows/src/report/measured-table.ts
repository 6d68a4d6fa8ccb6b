import { conditionRows } from '@ar-distill/core';
import { disposing } from '@ar-distill/core/optimization';
import {
  independentMarginals,
  type MarginalSamples,
  type TeacherPool,
  whyNoMarginals,
} from '@ar-distill/core/sampling';
import { imageGrid, type MetricColumn, type ResultRow } from '@ar-distill/evaluation/report';
import { elementCount, float32, type HostTensor, type Rng } from '@ar-distill/program';
import type { PresetContext } from '../context';
import type { ImageEvaluator, TeacherEvaluator } from '../evaluate/image-evaluator';
import { drawTeacherSamples } from '../evaluate/teacher-samples';
import type { LoadedTokenizer } from '../models/preset-models';
import { compileDecoder } from '../sample/decoder';
import { decodeSequences, drawImages, type DrawnImages } from '../sample/draw-images';
import { openMethods, openTeacher, timeMethods } from './report-methods';
import { type ImageSubject, isMeasured, reportBatch } from './report-subject';
import { ADAPTED, INDEPENDENT, pictureFile, RECONSTRUCTION, TEACHER } from './row-names';

const GRID = { rows: 10, columns: 10, scale: 2 };
/** Pool samples of a class that independent tokens are drawn from, where there are so many. */
const DONORS = 1000;

/** An image file of the run. */
export interface Picture {
  readonly title: string;
  /** Relative to the report. */
  readonly path: string;
}

/** The rows of the table, and a picture of each. */
export interface MeasuredTable {
  readonly rows: readonly ResultRow[];
  /** How the values of the rows are shown. */
  readonly columns: readonly MetricColumn[];
  readonly pictures: readonly Picture[];
  /** Per row. */
  readonly samples: number;
}

/** Draws, shows and measures everything that the table compares. */
export async function measureRows(
  subject: ImageSubject,
  evaluator: ImageEvaluator,
  rng: Rng,
): Promise<MeasuredTable> {
  const { context, models, adaptation, outcome, run, decoder } = subject;
  const { compiler } = context;
  const { pool } = outcome;
  const samples = pool ? Math.min(subject.samples, sizeOf(pool)) : subject.samples;
  const space = models.teacher.condition;
  const condition = space.inTurn(0, samples);
  const rows: ResultRow[] = [];
  if (models.tokenizer && isMeasured(subject, RECONSTRUCTION)) {
    rows.push(reconstructionRow(models.tokenizer));
  }
  const pictures: Picture[] = [];
  let measuring: TeacherEvaluator = evaluator;
  const measure = async (
    name: string,
    drawn: DrawnImages,
    extra: Pick<ResultRow, 'evaluations' | 'secondsPerImage'>,
  ): Promise<void> => {
    const { values } = await measuring.evaluate(drawn.images, drawn.condition);
    rows.push({ name, ...extra, values });
    const path = pictureFile(name);
    await run.writeFile(path, sampleGrid(drawn.images, space.numClasses));
    pictures.push({ title: name, path });
  };
  const batchSize = reportBatch(subject);
  await disposing(async (own) => {
    const decode = own(await compileDecoder(compiler, decoder, batchSize));
    const decoded = (name: string, sequences: HostTensor): Promise<DrawnImages> =>
      decodeSequences(name, decode, batchSize, sequences, condition, rng, context);
    // The method's pool, where it has one, is of the teacher that was distilled.
    const distilledFrom = adaptation ? ADAPTED : TEACHER;
    const firstRows = Int32Array.from({ length: samples }, (_, i) => i);
    const ofPool = pool && conditionRows({ sequences: pool.sequences }, firstRows)['sequences']!;
    await disposing(async (ownMethod) => {
      const methods = await openMethods(subject, ownMethod);
      // Times are compared where all rows are there.
      const seconds = subject.rows ? undefined : await timeMethods(methods, subject, rng);
      if (evaluator.frechetDistance) {
        // None of the pool's: those are the teacher's row, and have trained the first stage.
        const key = `${rng.seed}/${samples}`;
        let statistics = subject.teacherStatistics?.get(key);
        if (!statistics) {
          const teacher = methods.get(TEACHER) ?? ownMethod(await openTeacher(subject));
          const drawn = await drawTeacherSamples(teacher, condition, samples, rng, context);
          statistics = await evaluator.statistics(drawn);
          subject.teacherStatistics?.set(key, statistics);
        }
        measuring = evaluator.withTeacher(statistics);
      }
      for (const [name, sampler] of methods) {
        const drawn =
          ofPool && name === distilledFrom
            ? await decoded(name, ofPool)
            : await drawImages(name, sampler, condition, samples, rng, context);
        const { evaluations } = sampler;
        await measure(name, drawn, { evaluations, secondsPerImage: seconds?.get(name) });
      }
    });
    const donors = pool ?? outcome.marginals;
    if (!donors || !isMeasured(subject, INDEPENDENT)) return;
    const minimum = Math.min(DONORS, Math.floor(sizeOf(donors) / (space.numClasses ?? 1)));
    const marginals = marginalsOf(context, donors, { condition, count: samples, minimum }, rng);
    if (marginals) {
      await measure(INDEPENDENT, await decoded('onestep*', marginals), { evaluations: 1 });
    }
  });
  return { rows, columns: measuring.columns, pictures, samples };
}

function sizeOf({ sequences }: TeacherPool): number {
  return sequences.shape[0]!;
}

/** Independent tokens; undefined when no two samples share a condition, or too few do. */
function marginalsOf(
  { progress }: PresetContext,
  pool: TeacherPool,
  wanted: MarginalSamples,
  rng: Rng,
): HostTensor | undefined {
  const reason = whyNoMarginals(pool, wanted);
  if (reason === undefined) return independentMarginals(pool, wanted, rng);
  progress.message(`The report leaves out ${INDEPENDENT}: ${reason}`);
  return undefined;
}

/** What training the tokenizer recorded of its reconstructions: a report needs no images. */
function reconstructionRow({ provenance }: LoadedTokenizer): ResultRow {
  const values: Record<string, number> = {};
  for (const [name, value] of Object.entries(provenance)) {
    const metric = RECORDED_NAMES[name] ?? /^reconstruction\.(.+)$/.exec(name)?.[1];
    if (metric !== undefined && typeof value === 'number') values[metric] = value;
  }
  return { name: RECONSTRUCTION, values };
}

/** Names of reconstruction figures in files that were trained before metrics had names. */
const RECORDED_NAMES: Readonly<Record<string, string>> = {
  reconstructionFid: 'frechet-distance',
  reconstructionClassAccuracy: 'class-accuracy',
};

/** Ten samples of every class, a class per column; without classes a square of samples. */
function sampleGrid(images: HostTensor, numClasses: number | undefined): Uint8Array {
  const columns = Math.min(GRID.columns, numClasses ?? GRID.columns);
  const shown = Math.min(GRID.rows * columns, images.shape[0]!);
  const imageShape = images.shape.slice(1);
  const data = (images.data as Float32Array).subarray(0, shown * elementCount(imageShape));
  return imageGrid(float32([shown, ...imageShape], data), columns, { scale: GRID.scale });
}
