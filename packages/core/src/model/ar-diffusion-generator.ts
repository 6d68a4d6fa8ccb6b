import * as tf from '@tensorflow/tfjs';
import type { Parameters } from '@ar-distill/nn';
import { NOISE_TIMESTEP, velocityToDenoised } from '../score/rectified-flow';
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

  constructor(private readonly network: VelocityNetwork) {
    super();
    this.layout = network.layout;
  }

  generate(parameters: Parameters, noise: tf.Tensor, labels: tf.Tensor): tf.Tensor {
    const features = this.network.features(parameters, noise, labels);
    const xT = tf.expandDims(noise, 0);
    // One timestep for every position: size-1 axes let the head embed it once.
    const t = tf.fill([1, 1, 1], NOISE_TIMESTEP);
    const velocity = this.network.velocity(parameters, features, xT, t);
    return tf.reshape(velocityToDenoised(velocity, xT, t), noise.shape);
  }
}
