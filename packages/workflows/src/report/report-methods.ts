import type { SequenceSampler } from '@ar-distill/core';
import type { Rng } from '@ar-distill/program';
import type { SampledModels } from '../models/preset-models';
import { imageBatch } from '../sample/batch-sizes';
import { imageSampler, type ImageSampler } from '../sample/image-sampler';
import { ADAPTED, snappedName, TEACHER } from './row-names';
import type { ImageSubject, ReportSubject } from './report-subject';

/** Timings: batches of this many images, or of as many as fit, this often, in turns. */
const TIMED_BATCH = 100;
const TIMED_ROUNDS = 5;

/** Images per call that methods are timed with. */
export function timedBatch({ models, decoder }: Pick<ImageSubject, 'models' | 'decoder'>): number {
  return imageBatch(models.teacher.layout, decoder.tokenizer.imageShape, TIMED_BATCH);
}

/**
 * Everything that draws images by itself, by its name in the table and in its order; `own` takes what
 * is opened, also when something after it cannot be.
 */
export async function openMethods(
  { context, models, adaptation, outcome, decoder }: ImageSubject,
  own: (sampler: ImageSampler) => ImageSampler,
): Promise<Map<string, ImageSampler>> {
  const { compiler } = context;
  const snapping = { ...decoder, snap: true };
  const batchSize = timedBatch({ models, decoder });
  const methods = new Map<string, ImageSampler>();
  const add = async (name: string, sampler: SequenceSampler, by = decoder): Promise<void> => {
    methods.set(name, own(await imageSampler(compiler, sampler, by)));
  };
  const teacher = ({ teacher: own, teacherWeights }: SampledModels): Promise<SequenceSampler> =>
    own.createSampler(compiler, teacherWeights, batchSize);
  await add(TEACHER, await teacher(adaptation?.original ?? models));
  if (adaptation) await add(ADAPTED, await teacher(models));
  for (const row of outcome.rows) {
    if (row.isDetail) continue;
    await add(row.name, await row.open(compiler, batchSize));
    if (!row.isResult) continue;
    await add(snappedName(row.name), await row.open(compiler, batchSize), snapping);
  }
  return methods;
}

/** Seconds per image, decoder included: medians of rounds in which the methods take turns. */
export async function timeMethods(
  methods: ReadonlyMap<string, ImageSampler>,
  { context: { progress, signal }, models }: ReportSubject,
  rng: Rng,
): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number[]>([...methods.keys()].map((name) => [name, []]));
  // The first round warms up and is not counted.
  for (let round = 0; round <= TIMED_ROUNDS; round++) {
    for (const [name, sampler] of methods) {
      signal.throwIfAborted();
      const { batchSize } = sampler;
      const condition = models.teacher.condition.inTurn(0, batchSize);
      const started = performance.now();
      await sampler.draw(condition, rng, round * batchSize);
      const elapsed = (performance.now() - started) / 1000 / batchSize;
      if (round > 0) times.get(name)!.push(elapsed);
    }
    const [done, total] = [round + 1, TIMED_ROUNDS + 1];
    progress.update({ stage: 'times per image', done, total, metrics: {} });
  }
  return new Map(
    [...times].map(([name, list]) => [name, list.sort((a, b) => a - b)[list.length >> 1]!]),
  );
}
