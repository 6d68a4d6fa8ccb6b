import type { GeneratorSnapshot } from '@ar-distill/core/methods';
import type { HostTensors, Rng, StepCompiler } from '@ar-distill/program';
import type { PresetModels } from '../models/models';
import { labelsInTurn } from '../sample/draw-images';
import {
  arDiffusionSource,
  type Decoder,
  type ImageSource,
  oneStepSource,
  teacherSource,
} from '../sample/image-sources';

/** Timings: batches of this many images, this often, in turns. */
const TIMED_BATCH = 100;
const TIMED_ROUNDS = 5;
const SOLVER_STEPS = 10;

export const TEACHER = 'AR teacher';
export const ADAPTED = 'AR teacher, adapted to continuous input';
export const DISTILLED = 'DD2 generator';
export const SNAPPED = 'DD2 generator, snapped to codes';
export const BEFORE = 'one step before distillation';
export const TUNED = 'AR-diffusion initialisation';
export const INDEPENDENT = 'onestep* (independent tokens)';

/** Where a run keeps the picture of a method. */
export function pictureFile(method: string): string {
  const slug = method.replaceAll(/\W+/g, '-').replace(/-$/, '').toLowerCase();
  return `samples/${slug}.png`;
}

/** What a report compares. */
export interface ReportedModels {
  /** The teacher that was distilled. */
  readonly models: PresetModels;
  /** The teacher before its adaptation, when there was one. */
  readonly original?: PresetModels | undefined;
  /** Weights after stage 1. */
  readonly tuned: Readonly<HostTensors>;
  readonly result: GeneratorSnapshot;
}

/** Everything that draws images by itself, by its name in the table. */
export async function openMethods(
  compiler: StepCompiler,
  { models, original, tuned, result }: ReportedModels,
  decoder: Decoder,
): Promise<Map<string, ImageSource>> {
  const { network } = models;
  const distilled = { network, weights: result.average };
  const start = { network, weights: tuned };
  const snapping = { ...decoder, snap: true };
  const teacher = (own: PresetModels): Promise<ImageSource> =>
    teacherSource(compiler, own.teacher, own.teacherWeights, decoder, TIMED_BATCH);
  return new Map([
    [TEACHER, await teacher(original ?? models)],
    ...(original ? [[ADAPTED, await teacher(models)] as const] : []),
    [DISTILLED, await oneStepSource(compiler, distilled, decoder, TIMED_BATCH)],
    [SNAPPED, await oneStepSource(compiler, distilled, snapping, TIMED_BATCH)],
    [BEFORE, await oneStepSource(compiler, start, decoder, TIMED_BATCH)],
    [TUNED, await arDiffusionSource(compiler, start, decoder, TIMED_BATCH, SOLVER_STEPS)],
  ]);
}

/** Seconds per image, decoder included: medians of rounds in which the methods take turns. */
export async function timeMethods(
  methods: ReadonlyMap<string, ImageSource>,
  classes: readonly number[],
  rng: Rng,
): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number[]>([...methods.keys()].map((name) => [name, []]));
  const labels = labelsInTurn(classes, TIMED_BATCH);
  // The first round warms up and is not counted.
  for (let round = 0; round <= TIMED_ROUNDS; round++) {
    for (const [name, source] of methods) {
      const started = performance.now();
      await source.draw(labels, rng, round * TIMED_BATCH);
      const elapsed = (performance.now() - started) / 1000 / TIMED_BATCH;
      if (round > 0) times.get(name)!.push(elapsed);
    }
  }
  return new Map(
    [...times].map(([name, list]) => [name, list.sort((a, b) => a - b)[list.length >> 1]!]),
  );
}
