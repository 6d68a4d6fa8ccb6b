import { ofClasses, type SequenceSampler } from '@ar-distill/core';
import { readImagesNpz } from '@ar-distill/datasets';
import type { HostTensor, Rng } from '@ar-distill/program';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { loadTokenizer } from '../models/preset-models';
import { imageBatch } from '../sample/batch-sizes';
import { imageDecoder } from '../sample/decoder';
import { drawBatch, drawImages, type DrawnImages } from '../sample/draw-images';
import { type ImageSampler, imageSampler } from '../sample/image-sampler';
import {
  loadSampledModels,
  openSampler,
  sampledFiles,
  type SamplerOptions,
} from '../sample/open-sampler';
import { reconstructImages } from '../train/tokenize';
import { firstOf } from './first-of';
import { datasetOf, type EvaluatedImages, imagesOf, whyNotMeasured } from './image-evaluator';
import { drawTeacherSamples } from './teacher-samples';

const BATCH = 250;

/** Images that can be measured. */
export interface ImageSource {
  readonly images: EvaluatedImages;
  readonly count: number;
  /** All of them; the same for any random numbers unless they are drawn. */
  draw(rng: Rng): Promise<DrawnImages>;
  /**
   * Of a sampler: [B, H, W, channels], the samples from `first` on, of `total` samples for all conditions in
   * turn. Opened for paths, it replaces no vectors by codes, from one of which to the next none leads.
   */
  readonly drawBatch?: (total: number, rng: Rng, first: number) => Promise<HostTensor>;
  /** As many samples of the teacher, where it was opened as well. */
  readonly drawTeacher?: (rng: Rng) => Promise<HostTensor>;
}

/** Images that a sampler draws. */
export type SampledSource = ImageSource & Required<Pick<ImageSource, 'drawBatch'>>;

/** The images of a NumPy archive. */
export async function archiveSource(context: PresetContext, file: string): Promise<ImageSource> {
  const { images, labels } = await readImagesNpz(file);
  const evaluated = { imageShape: images.shape.slice(1), labels: labels !== undefined };
  const reason = whyNotMeasured(context, evaluated);
  if (reason !== undefined) {
    throw new InvalidOptionError(
      `"${file}" cannot be measured, because ${reason.charAt(0).toLowerCase()}${reason.slice(1)}`,
    );
  }
  const condition = labels ? ofClasses(labels) : {};
  return {
    images: evaluated,
    count: images.shape[0]!,
    draw: () => Promise.resolve({ images, condition }),
  };
}

/** The tokenizer's reconstructions of the first `samples` test images, all without a number. */
export async function reconstructionSource(
  context: PresetContext,
  options: SamplerOptions & { readonly samples?: number | undefined },
): Promise<ImageSource> {
  const { name, preset } = context.found;
  if (preset.dataset === undefined) {
    throw new InvalidOptionError(
      `The preset "${name}" names no data set whose images could be reconstructed.`,
    );
  }
  const { test } = await datasetOf(context, preset.dataset).open();
  const measured = firstOf(test, options.samples);
  const files = await sampledFiles(context, options);
  const { tokenizer, weights } = await loadTokenizer(context, files.tokenizer);
  return {
    images: { imageShape: tokenizer.imageShape, labels: true },
    count: measured.count,
    draw: async () => ({
      images: await reconstructImages(context, tokenizer, weights, measured),
      condition: ofClasses(await measured.labels()),
    }),
  };
}

/**
 * `count` images that what the options name draws; `besideTeacher` opens the teacher as well, and
 * `alongPaths` makes `drawBatch` one of paths.
 */
export async function sampledSource(
  context: PresetContext,
  options: SamplerOptions,
  {
    count,
    besideTeacher = false,
    alongPaths = false,
  }: { readonly count: number; readonly besideTeacher?: boolean; readonly alongPaths?: boolean },
  own: (sampler: ImageSampler) => ImageSampler,
): Promise<SampledSource> {
  const files = await sampledFiles(context, options, besideTeacher);
  const models = await loadSampledModels(context, files, options, besideTeacher);
  const { teacher } = models;
  const { tokenizer } = imageDecoder(context, models);
  const batchSize = imageBatch(teacher.layout, tokenizer.imageShape, BATCH);
  const { compiler } = context;
  const { sequences, decoder } = await openSampler(context, models, files, options, batchSize);
  const sampler = own(await imageSampler(compiler, sequences, decoder));
  const ofVectors =
    alongPaths && decoder.snap
      ? own(await imageSampler(compiler, borrowed(sequences), { ...decoder, snap: false }))
      : sampler;
  const condition = teacher.condition.inTurn(0, count);
  const source: SampledSource = {
    images: imagesOf({ teacher, tokenizer }),
    count,
    draw: (rng) => drawImages('sample', sampler, condition, count, rng, context),
    drawBatch: (total, rng, first) =>
      drawBatch(ofVectors, teacher.condition.inTurn(0, total), total, rng, first),
  };
  if (!besideTeacher) return source;
  const beside = await openSampler(context, models, files, { teacher: true }, batchSize);
  const drawing = own(await imageSampler(compiler, beside.sequences, beside.decoder));
  return {
    ...source,
    drawTeacher: (rng) => drawTeacherSamples(drawing, condition, count, rng, context),
  };
}

/** A sampler that somebody else disposes of. */
function borrowed(sampler: SequenceSampler): SequenceSampler {
  const { batchSize, evaluations } = sampler;
  return {
    batchSize,
    evaluations,
    sample: (...request) => sampler.sample(...request),
    dispose: () => Promise.resolve(),
  };
}
