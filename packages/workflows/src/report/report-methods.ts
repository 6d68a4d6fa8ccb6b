import { isDiscrete, type SequenceSampler } from '@ar-distill/core';
import {
  compileRefinement,
  type RefinementProgram,
  skipLastSteps,
} from '@ar-distill/core/sampling';
import type { Rng } from '@ar-distill/program';
import type { SampledModels } from '../models/preset-models';
import { imageBatch } from '../sample/batch-sizes';
import { imageSampler, type ImageSampler } from '../sample/image-sampler';
import { ADAPTED, redrawnName, skippedName, snappedName, TEACHER } from './row-names';
import { type ImageSubject, isMeasured, type ReportSubject } from './report-subject';

/** Timings: batches of this many images, or of as many as fit, this often, in turns. */
const TIMED_BATCH = 100;
const TIMED_ROUNDS = 5;

/** Images per call that methods are timed with. */
export function timedBatch({ models, decoder }: Pick<ImageSubject, 'models' | 'decoder'>): number {
  return imageBatch(models.teacher.layout, decoder.tokenizer.imageShape, TIMED_BATCH);
}

/** The teacher that was given, not the adapted one, for batches as methods are timed with. */
export async function openTeacher(subject: ImageSubject): Promise<ImageSampler> {
  const sampler = await teacherSampler(givenModels(subject), subject);
  return imageSampler(subject.context.compiler, sampler, subject.decoder);
}

/**
 * Everything that draws images by itself and is measured, by its name in the table and in its order; `own`
 * takes what is opened, also when something after it cannot be.
 */
export async function openMethods(
  subject: ImageSubject,
  own: (sampler: ImageSampler) => ImageSampler,
): Promise<Map<string, ImageSampler>> {
  const { context, models, adaptation, outcome, decoder } = subject;
  const { compiler } = context;
  const batchSize = timedBatch(subject);
  const methods = new Map<string, ImageSampler>();
  const add = async (
    name: string,
    open: () => Promise<SequenceSampler>,
    { by = decoder, isUsual = true } = {},
  ): Promise<void> => {
    if (!isMeasured(subject, name, isUsual)) return;
    methods.set(name, own(await imageSampler(compiler, await open(), by)));
  };
  const asked = { isUsual: false };
  const given = givenModels(subject);
  const { layout } = given.teacher;
  await add(TEACHER, () => teacherSampler(given, subject));
  for (let steps = 1; steps < layout.stepLengths.length; steps++) {
    const open = async (): Promise<SequenceSampler> =>
      skipLastSteps(await teacherSampler(given, subject), layout, steps);
    await add(skippedName(steps), open, asked);
  }
  if (adaptation) await add(ADAPTED, () => teacherSampler(models, subject));
  for (const row of outcome.rows) {
    const open = (): Promise<SequenceSampler> => row.open(compiler, batchSize);
    await add(row.name, open, { isUsual: !row.isDetail && !row.isOptional });
    if (!row.isResult) continue;
    await add(snappedName(row.name), open, { by: { ...decoder, snap: true } });
    for (const { name, ...refinement } of refinements(row.name, subject)) {
      await add(name, () => compileRefinement({ ...refinement, batchSize }, compiler), asked);
    }
  }
  return methods;
}

/** The networks with the teacher that was given. */
function givenModels({ models, adaptation }: ReportSubject): SampledModels {
  return adaptation?.original ?? models;
}

function teacherSampler(
  { teacher, teacherWeights }: SampledModels,
  subject: ImageSubject,
): Promise<SequenceSampler> {
  return teacher.createSampler(subject.context.compiler, teacherWeights, timedBatch(subject));
}

/** The generator with any number of last AR steps drawn again by the teacher, where it draws tokens. */
function refinements(
  generatorName: string,
  subject: ImageSubject,
): (Omit<RefinementProgram, 'batchSize'> & { readonly name: string })[] {
  const { teacher, teacherWeights } = givenModels(subject);
  if (!isDiscrete(teacher)) return [];
  const { generator } = subject.models;
  const { weights } = subject.outcome;
  return teacher.layout.stepLengths.map((_, i) => {
    const steps = i + 1;
    const name = redrawnName(generatorName, steps);
    return { name, generator, weights, teacher, teacherWeights, steps };
  });
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
