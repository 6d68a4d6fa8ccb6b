import { float32, type HostTensors } from '@ar-distill/program';
import type * as tf from '@tensorflow/tfjs';
import type { Condition, ConditionSpace } from './condition';
import { GUIDANCE, type GuidanceInput } from './guidance-range';

/**
 * Consecutive multiples of it modulo 1 are spread evenly, and so are those of every second or every tenth
 * number: each class gets all scales.
 */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/**
 * The space with the guidance scale of every sample as one more value; as it is without an input. In turn, scales
 * cover the range evenly, whatever the other values are; at random they are uniform on it, from a stream of their own.
 */
export function withGuidance(
  space: ConditionSpace,
  guidance: GuidanceInput | undefined,
): ConditionSpace {
  if (!guidance) return space;
  const [lowest, highest] = guidance.range;
  const scales = (count: number, placeOf: (i: number) => number): HostTensors =>
    guidanceOf(
      Float32Array.from({ length: count }, (_, i) => lowest + (highest - lowest) * placeOf(i)),
    );
  return {
    ...space,
    guidance,
    values: { ...space.values, [GUIDANCE]: { shape: [], dtype: 'float32' } },
    inTurn: (first, count) => ({
      ...space.inTurn(first, count),
      ...scales(count, (i) => ((first + i) * GOLDEN_RATIO) % 1),
    }),
    draw: (rng, stream, first, count) => ({
      ...space.draw(rng, stream, first, count),
      ...scales(count, (i) => rng.uniform(`${stream}/${GUIDANCE}`, first + i, 1)[0]!),
    }),
  };
}

/** The value of a host condition that says these guidance scales [B]. */
export function guidanceOf(scales: Float32Array): HostTensors {
  return { [GUIDANCE]: float32([scales.length], scales) };
}

/** The host condition of `count` samples, at the space's usual guidance scale where it takes one and gets none. */
export function atUsualGuidance(
  { guidance }: ConditionSpace,
  condition: Readonly<HostTensors>,
  count: number,
): Readonly<HostTensors> {
  if (!guidance || Object.hasOwn(condition, GUIDANCE)) return condition;
  return { ...condition, ...guidanceOf(new Float32Array(count).fill(guidance.scale)) };
}

/** A traced condition in two: the guidance scales [B], where it has any, and all that is beside them. */
export function splitGuidance(condition: Condition): {
  readonly guidance: tf.Tensor | undefined;
  readonly condition: Condition;
} {
  const { [GUIDANCE]: guidance, ...others } = condition;
  return { guidance, condition: others };
}
