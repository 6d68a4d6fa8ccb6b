import type { ConditionalScoreTeacher, SequenceSampler } from '@ar-distill/core';
import { requireFinite, sequencePlace } from '@ar-distill/core/sampling';
import type { Table } from '@ar-distill/evaluation/report';
import { float32, type HostTensor, type Rng } from '@ar-distill/program';
import type { DrawContext } from '../sample/draw-images';
import { isMeasured, type ReportSubject, resultOf } from './report-subject';
import { writeResults } from './results-file';
import { SEQUENCE_TEACHER } from './row-names';
import { writeRunPage } from './run-page';

const BATCH = 4096;

/** Figures of sequences that are not images, by what drew them. */
export interface SequenceReport {
  readonly kind: 'sequences';
  /** Path of `results.json`. */
  readonly file: string;
  readonly results: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Which of them is the distilled generator. */
  readonly result?: string | undefined;
}

/**
 * What the backbone itself can say of sequences that are not images (for a tabular teacher: how far
 * they are from the exact distribution), before and after distillation; written to `results.json`.
 */
export async function writeSequenceReport(
  subject: ReportSubject,
): Promise<SequenceReport | undefined> {
  const { context, models, outcome, run, seed, samples } = subject;
  const { backbone } = context.found;
  if (!backbone.measureSequences) return undefined;
  const rng = context.createRng(seed);
  const results: Record<string, Readonly<Record<string, number>>> = {};
  const measure = (name: string, sequences: HostTensor): void => {
    results[name] = backbone.measureSequences!(models.architecture, sequences);
  };
  if (outcome.pool && isMeasured(subject, SEQUENCE_TEACHER)) {
    measure(SEQUENCE_TEACHER, outcome.pool.sequences);
  }
  for (const row of outcome.rows) {
    if (!isMeasured(subject, row.name, !row.isOptional)) continue;
    const sampler = await row.open(context.compiler, Math.min(BATCH, samples));
    const drawing = drawSequences(row.name, sampler, models.teacher, samples, rng, context);
    measure(row.name, await drawing.finally(() => sampler.dispose()));
  }
  const file = await writeResults(run, results);
  await writeRunPage(subject, { table: figureTable(results) });
  return { kind: 'sequences', file, results, result: resultOf(outcome)?.name };
}

function figureTable(results: SequenceReport['results']): Table {
  const figures = [...new Set(Object.values(results).flatMap((values) => Object.keys(values)))];
  return {
    columns: [{ title: 'method' }, ...figures.map((title) => ({ title, align: 'right' }) as const)],
    rows: Object.entries(results).map(([name, values]) => [
      name,
      ...figures.map((figure) => values[figure]?.toFixed(4) ?? '–'),
    ]),
  };
}

async function drawSequences(
  name: string,
  sampler: SequenceSampler,
  { condition, layout }: ConditionalScoreTeacher,
  samples: number,
  rng: Rng,
  { progress, signal }: DrawContext,
): Promise<HostTensor> {
  const { batchSize } = sampler;
  let all: Float32Array | undefined;
  let shape: readonly number[] = [];
  for (let first = 0; first < samples; first += batchSize) {
    signal.throwIfAborted();
    const { sequence } = await sampler.sample(condition.inTurn(first, batchSize), rng, first);
    requireFinite('The generated sequence', sequence, first, sequencePlace(layout));
    shape = sequence.shape.slice(1);
    const size = sequence.data.length / batchSize;
    all ??= new Float32Array(samples * size);
    const kept = Math.min(batchSize, samples - first);
    all.set(sequence.data.subarray(0, kept * size), first * size);
    progress.update({ stage: name, done: first + kept, total: samples, metrics: {} });
  }
  return float32([samples, ...shape], all ?? new Float32Array(0));
}
