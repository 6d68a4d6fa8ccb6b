import * as tf from '@tensorflow/tfjs';
import type { Parameters, ParameterSpecs } from '@ar-distill/nn';
import type { HostTensors } from '@ar-distill/program';
import { NOISE_TIMESTEP, velocityToDenoised } from '../score/rectified-flow';
import type { Condition, ConditionSpace } from './condition';
import { GuidanceConditionedNetwork } from './guidance-conditioned-network';
import type { GuidanceInput } from './guidance-range';
import { OneStepGenerator } from './one-step-generator';
import type { SequenceLayout } from './sequence-layout';
import type { VelocityNetwork } from './velocity-network';

/**
 * The generator of DD2 (appendix E.1): the architecture of the guidance network, run at t = 1. Its
 * backbone reads the noise in place of the sequence, its head the position's own noise:
 * q_i = ε_i − v_θ(ε_i, 1 | features of the ε of earlier AR steps).
 */
export class ArDiffusionGenerator extends OneStepGenerator {
  readonly layout: SequenceLayout;
  readonly condition: ConditionSpace;
  readonly parameterSpecs: ParameterSpecs;

  constructor(private readonly network: VelocityNetwork) {
    super();
    this.layout = network.layout;
    this.condition = network.condition;
    this.parameterSpecs = network.parameterSpecs;
  }

  isTrainable(name: string): boolean {
    return this.network.isTrainable(name);
  }

  /** The very same weights: the generator is the network at one timestep. */
  initialize(velocityWeights: Readonly<HostTensors>): HostTensors {
    return { ...velocityWeights };
  }

  override withGuidance(guidance: GuidanceInput): OneStepGenerator {
    return this.over(new GuidanceConditionedNetwork(this.network, guidance));
  }

  generate(parameters: Parameters, noise: tf.Tensor, condition: Condition): tf.Tensor {
    const features = this.network.features(parameters, noise, condition);
    const xT = tf.expandDims(noise, 0);
    // One timestep for every position: size-1 axes let the head embed it once.
    const t = tf.fill([1, 1, 1], NOISE_TIMESTEP);
    const velocity = this.network.velocity(parameters, features, xT, t);
    return tf.reshape(velocityToDenoised(velocity, xT, t), noise.shape);
  }

  /** The same generator over another network; a subclass that adds anything makes one of its own kind. */
  protected over(network: VelocityNetwork): OneStepGenerator {
    return new ArDiffusionGenerator(network);
  }
}
