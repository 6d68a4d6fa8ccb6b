import { z } from 'zod';
import { GuidanceConditionedNetwork } from '../../model/guidance-conditioned-network';
import { describeRange, type GuidanceRange, isInRange } from '../../model/guidance-range';
import { takingGuidance } from '../../model/one-step-generator';
import type { DistillationSubject } from '../../plugin/distillation-method';
import { ADVERSARIAL, type AdversarialSettings } from './adversarial-settings';

/** Name of the setting, for sentences. */
export const GUIDANCE_RANGE = 'guidanceRange';

const scale = z.number().min(0);

/** The least and the largest guidance scale, in the convention of the teacher's family. */
export const guidanceRangeSchema = z
  .tuple([scale, scale])
  .refine(([lowest, highest]) => lowest < highest, 'The second scale must be above the first')
  .describe(
    "Guidance scales that the generator takes as an input, drawn uniformly for training; left out, it is distilled for the scale of the teacher's options alone",
  );

/** Settings that have a range or not. */
interface WithRange {
  readonly guidanceRange?: GuidanceRange | undefined;
  readonly adversarial?: AdversarialSettings | undefined;
}

/**
 * Refuses what does not go together with guidance as an input.
 * @throws Error with a sentence that names the settings.
 */
export function checkGuidanceRange({ guidanceRange, adversarial }: WithRange): void {
  if (!guidanceRange || !adversarial) return;
  throw new Error(
    `Real images are of no guidance scale: leave "${GUIDANCE_RANGE}" or "${ADVERSARIAL}" out.`,
  );
}

/**
 * The teacher and the networks with the guidance scale as a value of their conditions, where the settings have a
 * range for it; the scale of the teacher's options is the usual one.
 * @throws Error with a sentence when that scale is outside, or one of them takes none.
 */
export function overGuidanceRange<S extends WithRange>(
  subject: DistillationSubject<S>,
): DistillationSubject<S> {
  const { guidanceRange: range } = subject.settings;
  if (!range) return subject;
  const { guidance } = subject.teacher;
  if (!guidance) {
    throw new Error(
      `The teacher of this backbone takes no guidance scale per sample: leave "${GUIDANCE_RANGE}" out.`,
    );
  }
  const { scale } = guidance;
  if (!isInRange(scale, range)) {
    throw new Error(
      `The guidance scale ${scale} of the teacher is not in "${GUIDANCE_RANGE}", ${describeRange(range)}: widen it, or give the teacher a guidance in it.`,
    );
  }
  return {
    ...subject,
    teacher: guidance.over(range),
    network: new GuidanceConditionedNetwork(subject.network, { range, scale }),
    generator: takingGuidance(subject.generator, { range, scale }),
  };
}
