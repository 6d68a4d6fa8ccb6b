import {
  imageGrid,
  renderReport,
  type ResultRow,
  resultTable,
} from '@ar-distill/evaluation/report';
import { drawFrom } from '../sample/draw-from';
import type { Decoder } from '../sample/decoder';
import { imageBatch } from '../sample/batch-sizes';
import { flattenSettings } from './flatten-settings';
import { pictureFile, TEACHER } from './row-names';
import type { SequenceSampler } from '@ar-distill/core';
import { resultOf, type ReportSubject } from './report-subject';
import { writeRunPage } from './run-page';

const COUNT = 8;
const COLUMNS = 4;

/** A report without figures of quality. */
export interface PictureReport {
  readonly kind: 'pictures';
  /** Path of `report.md`. */
  readonly file: string;
  readonly rows: readonly ResultRow[];
}

/**
 * The report on images that nothing here can measure: samples of the teacher and of the generator with
 * the seconds that each took.
 */
export async function writePictureReport(
  subject: ReportSubject & { readonly decoder: Decoder },
): Promise<PictureReport> {
  const { context, models, outcome, run, seed, decoder, settings } = subject;
  const { compiler, found } = context;
  const { teacher, teacherWeights } = models;
  const batchSize = imageBatch(teacher.layout, decoder.tokenizer.imageShape, COUNT);
  const condition = teacher.condition.inTurn(0, COUNT);
  const rows: ResultRow[] = [];
  const pictures: { title: string; path: string }[] = [];
  const show = async (name: string, open: () => Promise<SequenceSampler>): Promise<void> => {
    const rng = context.createRng(seed);
    const request = { name, condition, count: COUNT, rng };
    const { images, ...cost } = await drawFrom(await open(), decoder, request, context);
    const path = pictureFile(name);
    await run.writeFile(path, imageGrid(images, COLUMNS));
    const { evaluations, secondsPerImage } = cost;
    rows.push({ name, evaluations, secondsPerImage });
    pictures.push({ title: name, path });
  };
  // One after the other: two large models do not have to fit side by side.
  await show(TEACHER, () => teacher.createSampler(compiler, teacherWeights, batchSize));
  const result = resultOf(outcome);
  if (result) await show(result.name, () => result.open(compiler, batchSize));
  const text = renderReport({
    title: `${found.name}: one-step generator`,
    rows,
    timedBatch: batchSize,
    settings: flattenSettings(settings),
    timings: subject.timings,
    pictures,
  });
  await writeRunPage(subject, { table: resultTable(rows, []), pictures });
  return { kind: 'pictures', file: await run.writeFile('report.md', Buffer.from(text)), rows };
}
