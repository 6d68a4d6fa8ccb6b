import { rm } from 'node:fs/promises';
import path from 'node:path';
import { atomicWriteFile } from '@ar-distill/checkpoints';
import { compileOneStep } from '@ar-distill/core/sampling';
import {
  type MetricColumn,
  formatValue,
  significant,
  type Table,
} from '@ar-distill/evaluation/report';
import type { ExportedModel, HostTensor, ModelExporter, ModelPrecision } from '@ar-distill/program';
import type { PresetContext } from '../context';
import type { ImageEvaluator } from '../evaluate/image-evaluator';
import type { LoadedGenerator } from '../models/generator-file';
import { imageBatch } from '../sample/batch-sizes';
import type { Decoder } from '../sample/decoder';
import { type CostedImages, drawFrom, type DrawRequest, drawTimed } from '../sample/draw-from';
import { drawBatch } from '../sample/draw-images';
import { modelSampler, pixelDifference } from './model-sampler';

/** Name of the model in its directory. */
export const ONNX_FILE = 'generator.onnx';
/** Images per call. */
const BATCH = 100;
/** Other numbers of images per call that a model is tried with. */
const TRIED = [1, 3, 17];
/** Of pixels in [0, 1], between the library and the float32 model. */
const TOLERANCE = 1e-4;
const MEBIBYTE = 2 ** 20;

/** What a model came to, or the library's own sampling. */
export interface OnnxRow {
  readonly name: string;
  /** Of its files. */
  readonly bytes?: number;
  /** Largest difference of a pixel, on the scale [0, 1], from the row above. */
  readonly difference?: number;
  /** Values of metrics, by name; none where images cannot be measured. */
  readonly values: Readonly<Record<string, number>>;
  readonly secondsPerImage: number;
}

/** An exported model beside what it was made from. */
export interface OnnxFigures {
  readonly precision: ModelPrecision;
  /** Images that each row is of, from the same noise. */
  readonly count: number;
  /** Images per call. */
  readonly batchSize: number;
  readonly columns: readonly MetricColumn[];
  readonly rows: readonly OnnxRow[];
}

/** What is compared. */
export interface Comparison {
  readonly context: PresetContext;
  readonly generator: LoadedGenerator;
  readonly decoder: Decoder;
  readonly exporter: ModelExporter;
  readonly model: ExportedModel;
  readonly metadata: Readonly<Record<string, string>>;
  /** Images that are drawn with each. */
  readonly count: number;
  /** Absent where images cannot be measured. */
  readonly evaluator?: ImageEvaluator | undefined;
}

/**
 * Writes a model into a folder and compares the library, the float32 model and, where it is another, this
 * one: their images of the same noise, how good these are and how long they take.
 * @throws Error when the float32 model draws other images than the library; NonFiniteError when a model
 *   draws NaN or infinities; the signal's reason when it is aborted.
 */
export async function compareModels(
  work: Comparison,
  folder: string,
  precision: ModelPrecision,
): Promise<OnnxFigures> {
  const { context, generator, decoder, count, evaluator } = work;
  const { layout } = generator.generator;
  const batchSize = imageBatch(layout, decoder.tokenizer.imageShape, Math.min(BATCH, count));
  const sequences = await compileOneStep({ ...generator, batchSize }, context.compiler);
  const library = await drawFrom(sequences, decoder, requestOf(work, 'library'), context);
  const isExact = precision === 'fp32';
  const exactFolder = isExact ? folder : path.join(folder, 'fp32');
  const exact = await drawWith(work, exactFolder, 'fp32', batchSize, library.images);
  checkExact(work, exact.difference);
  const rows = [await rowOf(work, 'library', library), await rowOf(work, 'fp32', exact)];
  if (!isExact) {
    await rm(exactFolder, { recursive: true });
    const asked = await drawWith(work, folder, precision, batchSize, exact.images);
    rows.push(await rowOf(work, precision, asked));
  }
  return { precision, count, batchSize, columns: evaluator?.columns ?? [], rows };
}

/** The figures as a table. */
export function onnxTable({ columns, rows }: Pick<OnnxFigures, 'columns' | 'rows'>): Table {
  const figure = (title: string) => ({ title, align: 'right' }) as const;
  return {
    columns: [
      { title: 'model' },
      figure('MiB'),
      figure('max|Δ|'),
      ...columns.map(({ title }) => figure(title)),
      figure('ms/image'),
    ],
    rows: rows.map(({ name, bytes, difference, values, secondsPerImage }) => [
      name,
      bytes === undefined ? '–' : significant(bytes / MEBIBYTE),
      difference === undefined ? '–' : difference.toExponential(1),
      ...columns.map((column) => {
        const value = values[column.name];
        return value === undefined ? '–' : formatValue(column, value);
      }),
      significant(1000 * secondsPerImage),
    ]),
  };
}

interface Drawn extends CostedImages {
  readonly bytes?: number;
  readonly difference?: number;
}

function requestOf({ context, generator, count }: Comparison, name: string): DrawRequest {
  const condition = generator.generator.condition.inTurn(0, count);
  return { name, condition, count, rng: context.createRng(0) };
}

/** Writes a model, runs it, and compares what it draws with `expected` [N, H, W, channels]. */
async function drawWith(
  work: Comparison,
  folder: string,
  precision: ModelPrecision,
  batchSize: number,
  expected: HostTensor,
): Promise<CostedImages & { readonly bytes: number; readonly difference: number }> {
  const { context, generator, exporter, count } = work;
  const { layout } = generator.generator;
  const bytes = await writeModel(work, folder, precision);
  const model = await exporter.open(path.join(folder, ONNX_FILE));
  try {
    const request = requestOf(work, precision);
    const { condition, rng } = request;
    const drawn = await drawTimed(modelSampler(model, layout, batchSize), request, context);
    let difference = pixelDifference(expected, drawn.images);
    for (const size of TRIED.filter((tried) => tried <= Math.min(batchSize, count))) {
      const sampler = modelSampler(model, layout, size);
      const images = await drawBatch(sampler, condition, count, rng, 0);
      difference = Math.max(difference, pixelDifference(expected, images));
    }
    return { ...drawn, bytes, difference };
  } finally {
    await model.dispose();
  }
}

/** Writes the files of a model; returns their bytes. */
async function writeModel(
  { model, metadata }: Comparison,
  folder: string,
  precision: ModelPrecision,
): Promise<number> {
  let bytes = 0;
  for (const { name, pieces } of model.encode(ONNX_FILE, precision, metadata)) {
    await atomicWriteFile(path.join(folder, name), pieces);
    bytes += pieces.reduce((sum, piece) => sum + piece.length, 0);
  }
  return bytes;
}

/** Snapped vectors may fall on either side of a border between two codes, so their images are not compared. */
function checkExact({ context, decoder }: Comparison, difference: number): void {
  if (decoder.snap || difference <= TOLERANCE) return;
  throw new Error(
    `The ONNX model of "${context.found.name}" draws pixels that differ by ${difference.toExponential(1)} from the library's: export its weights without --onnx.`,
  );
}

async function rowOf(
  { evaluator }: Comparison,
  name: string,
  { images, condition, secondsPerImage, bytes, difference }: Drawn,
): Promise<OnnxRow> {
  const measured = await evaluator?.evaluate(images, condition);
  return {
    name,
    ...(bytes === undefined ? {} : { bytes }),
    ...(difference === undefined ? {} : { difference }),
    values: measured?.values ?? {},
    secondsPerImage,
  };
}
