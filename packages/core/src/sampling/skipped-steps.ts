import { float32 } from '@ar-distill/program';
import { type SequenceLayout, sequenceLength, stepStarts } from '../model/sequence-layout';
import type { SequenceSampler } from '../model/sequence-sampler';

/**
 * The baseline skip-last-m (Distilled Decoding 1, arXiv 2412.17153): a teacher that stops before its last
 * `steps` AR steps. Their positions hold zeros, which add nothing to what residual codes before them have come
 * to. The steps before are the same as without; the evaluations are those of one pass per AR step that is left.
 * @throws RangeError unless at least one AR step is skipped and one is left.
 */
export function skipLastSteps(
  teacher: SequenceSampler,
  layout: SequenceLayout,
  steps: number,
): SequenceSampler {
  const all = layout.stepLengths.length;
  if (!Number.isInteger(steps) || steps < 1 || steps >= all) {
    throw new RangeError(`Of ${all} AR steps 1 to ${all - 1} can be skipped, not ${steps}.`);
  }
  const length = sequenceLength(layout) * layout.channels;
  const kept = stepStarts(layout)[all - steps]! * layout.channels;
  return {
    batchSize: teacher.batchSize,
    evaluations: teacher.evaluations - steps,
    async sample(condition, rng, firstSample) {
      const { sequence } = await teacher.sample(condition, rng, firstSample);
      const data = Float32Array.from(sequence.data, (value, i) => (i % length < kept ? value : 0));
      return { sequence: float32(sequence.shape, data) };
    },
    dispose: () => teacher.dispose(),
  };
}
