import type { ConditionalScoreTeacher, SequenceSampler } from '@ar-distill/core';
import { requireFinite, sequencePlace } from '@ar-distill/core/sampling';
import { float32, type HostTensor, type Rng } from '@ar-distill/program';
import type { ReportSubject } from './report-subject';

const SAMPLES = 65_536;
const BATCH = 4096;

/** Figures of sequences that are not images, by what drew them. */
export interface SequenceReport {
  readonly kind: 'sequences';
  /** Path of `results.json`. */
  readonly file: string;
  readonly results: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/**
 * What the backbone itself can say of sequences that are not images (for a tabular teacher: how far
 * they are from the exact distribution), before and after distillation; written to `results.json`.
 */
export async function writeSequenceReport({
  context,
  models,
  outcome,
  run,
  seed,
}: ReportSubject): Promise<SequenceReport | undefined> {
  const { backbone } = context.found;
  if (!backbone.measureSequences) return undefined;
  const rng = context.createRng(seed);
  const results: Record<string, Readonly<Record<string, number>>> = {};
  const measure = (name: string, sequences: HostTensor): void => {
    results[name] = backbone.measureSequences!(models.architecture, sequences);
  };
  if (outcome.pool) measure('teacher', outcome.pool.sequences);
  for (const row of outcome.rows) {
    const sampler = await row.open(context.compiler, BATCH);
    const drawn = drawSequences(sampler, models.teacher, rng).finally(() => sampler.dispose());
    measure(row.name, await drawn);
  }
  const file = await run.writeFile(
    'results.json',
    Buffer.from(`${JSON.stringify(results, null, 2)}\n`),
  );
  return { kind: 'sequences', file, results };
}

async function drawSequences(
  sampler: SequenceSampler,
  { condition, layout }: ConditionalScoreTeacher,
  rng: Rng,
): Promise<HostTensor> {
  let all: Float32Array | undefined;
  let shape: readonly number[] = [];
  for (let first = 0; first < SAMPLES; first += BATCH) {
    const { sequence } = await sampler.sample(condition.inTurn(first, BATCH), rng, first);
    requireFinite('The generated sequence', sequence, first, sequencePlace(layout));
    shape = sequence.shape.slice(1);
    const size = sequence.data.length / BATCH;
    all ??= new Float32Array(SAMPLES * size);
    all.set(sequence.data, first * size);
  }
  return float32([SAMPLES, ...shape], all ?? new Float32Array(0));
}
