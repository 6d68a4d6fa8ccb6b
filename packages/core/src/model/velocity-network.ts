import type * as tf from '@tensorflow/tfjs';
import type { Parameters, ParameterSpecs } from '@ar-distill/nn';
import type { HostTensors, Rng } from '@ar-distill/program';
import type { Condition, ConditionSpace } from './condition';
import type { SequenceLayout } from './sequence-layout';

/** A head whose last hidden layer can be read. */
export interface HiddenLayer {
  /** H: activations of a position. */
  readonly width: number;
  /**
   * What `VelocityNetwork.velocity` gives, and the activations `hidden` [m, B, n, H] that it is a linear
   * function of: those of a position depend on x_t, t and the features there.
   */
  velocityAndHidden(
    parameters: Parameters,
    features: tf.Tensor,
    xT: tf.Tensor,
    t: tf.Tensor,
  ): { readonly velocity: tf.Tensor; readonly hidden: tf.Tensor };
}

/**
 * The conditional velocity network v(x_t, t | prefix): an AR backbone with a light head. The
 * guidance network ψ, the AR-diffusion model and (through `ArDiffusionGenerator`) the generator θ
 * share this architecture (DD2, section 3.2.3).
 */
export abstract class VelocityNetwork {
  abstract readonly layout: SequenceLayout;
  abstract readonly condition: ConditionSpace;
  /** The backbone and the head. */
  abstract readonly parameterSpecs: ParameterSpecs;

  /** Whether the parameter belongs to the head: stage 1 first trains these alone. */
  abstract isHeadParameter(name: string): boolean;

  /** Whether gradients train the parameter; false for frozen parts that the inputs pass through. */
  isTrainable(_name: string): boolean {
    return true;
  }

  /** The teacher's weights where the architectures agree, fresh values elsewhere (the head). */
  abstract initializeFromTeacher(teacherParameters: Readonly<HostTensors>, rng: Rng): HostTensors;

  /**
   * Backbone features f [B, n, D]; f_i depends only on tokens of AR steps before that of i.
   * `sequence` [B, n, C] is continuous, in the scaled embedding space (x_0 = codeScale · c); the
   * condition is [B, …].
   */
  abstract features(parameters: Parameters, sequence: tf.Tensor, condition: Condition): tf.Tensor;

  /**
   * Velocity at every position from `features` [B, n, D], for m noise draws at once:
   * `xT` [m, B, n, C] and `t` broadcastable to [m, B, n] (1 = noise, 0 = data) give [m, B, n, C].
   */
  abstract velocity(
    parameters: Parameters,
    features: tf.Tensor,
    xT: tf.Tensor,
    t: tf.Tensor,
  ): tf.Tensor;

  /** D: width of the features; networks without it take no guidance scale. */
  readonly featureWidth?: number;
  /** What a discriminator reads; networks without it are distilled without one. */
  readonly hiddenLayer?: HiddenLayer;
}
