import type * as tf from '@tensorflow/tfjs';
import type { Parameters, ParameterSpecs } from '@ar-distill/nn';
import type { HostTensors } from '@ar-distill/program';
import type { Condition, ConditionSpace } from './condition';
import type { GuidanceInput } from './guidance-range';
import type { SequenceLayout } from './sequence-layout';

/** Whatever makes a whole sequence from noise in one network evaluation, or also in two. */
export interface SequenceGenerator {
  readonly layout: SequenceLayout;
  readonly condition: ConditionSpace;
  readonly parameterSpecs: ParameterSpecs;

  /**
   * `noise` [B, n, C] ~ N(0, I) and the condition [B, …] → continuous code vectors q [B, n, C],
   * scaled.
   */
  generate(parameters: Parameters, noise: tf.Tensor, condition: Condition): tf.Tensor;
  /**
   * The same generator with the guidance scale as a value of its condition, and parameters for it, which start
   * without any effect; left out where it cannot take one.
   */
  withGuidance?(guidance: GuidanceInput): SequenceGenerator;

  /** Whether these weights are trained for `generateInTwo`; absent where a generator has one step alone. */
  isTrainedForTwo?(weights: Readonly<HostTensors>): boolean;

  /** As `generate`, in two network evaluations, of the same noise. */
  generateInTwo?(parameters: Parameters, noise: tf.Tensor, condition: Condition): tf.Tensor;
}

/** G_θ, as score distillation trains it. */
export abstract class OneStepGenerator implements SequenceGenerator {
  abstract readonly layout: SequenceLayout;
  abstract readonly condition: ConditionSpace;
  abstract readonly parameterSpecs: ParameterSpecs;

  /** Whether gradients train the parameter; false for frozen parts that the inputs pass through. */
  abstract isTrainable(name: string): boolean;

  /** The weights to start from, made of those of the tuned AR-diffusion network. */
  abstract initialize(velocityWeights: Readonly<HostTensors>): HostTensors;

  abstract generate(parameters: Parameters, noise: tf.Tensor, condition: Condition): tf.Tensor;
  withGuidance?(guidance: GuidanceInput): OneStepGenerator;
}

/**
 * The generator with the guidance scale as a value of its condition.
 * @throws Error when it cannot take one.
 */
export function takingGuidance<G>(
  generator: { withGuidance?(guidance: GuidanceInput): G },
  guidance: GuidanceInput,
): G {
  const taking = generator.withGuidance?.(guidance);
  if (taking) return taking;
  throw new Error(
    'The generator of this backbone takes no guidance scale: leave "guidanceRange" out.',
  );
}
