import type { FeatureStatistics } from '@ar-distill/evaluation';
import { type HostTensor, type HostTensors, type Rng, streamsUnder } from '@ar-distill/program';
import { type DrawContext, drawImages } from '../sample/draw-images';
import type { ImageSampler } from '../sample/image-sampler';

/**
 * Statistics of samples of one teacher, which reports of the same teacher share, by what else the samples
 * depend on: their seed and how many there are.
 */
export type TeacherStatistics = Map<string, FeatureStatistics>;

/** Stage of the drawing, and what its streams are under. */
const TEACHER_SAMPLES = "the teacher's samples";

/**
 * Samples of the teacher [count, H, W, channels] that others are compared with, for the condition [count, …]:
 * under streams of their own, which have nothing to do with what is measured under the same seed.
 */
export async function drawTeacherSamples(
  teacher: Pick<ImageSampler, 'batchSize' | 'draw'>,
  condition: HostTensors,
  count: number,
  rng: Rng,
  context: DrawContext,
): Promise<HostTensor> {
  const own = streamsUnder(rng, TEACHER_SAMPLES);
  const { images } = await drawImages(TEACHER_SAMPLES, teacher, condition, count, own, context);
  return images;
}
