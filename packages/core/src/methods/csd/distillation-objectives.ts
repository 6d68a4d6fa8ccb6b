import * as tf from '@tensorflow/tfjs';
import { csdLoss } from '../../losses/csd-loss';
import { fcsLoss } from '../../losses/fcs-loss';
import { ArDiffusionGenerator } from '../../model/ar-diffusion-generator';
import type { Objective } from '../../optimization/optimizer-step';
import { interpolate, velocityToDenoised } from '../../score/rectified-flow';
import type { DistillationGroups, DistillationSubject } from './distillation-subject';

/**
 * FCS (DD2, Eq. 5): ψ learns the velocity of the generator's own sequences. The generator runs forward
 * only; its backbone pass serves all noise draws.
 */
export function guidanceObjective(
  { network }: DistillationSubject,
  groups: DistillationGroups,
): Objective {
  const generator = new ArDiffusionGenerator(network);
  return ({ state, inputs }) => {
    const { noise, labels, t, scoreNoise } = inputs as BatchTensors;
    const q = generator.generate(groups.generator.read('value', state), noise, labels);
    const generated = q.expandDims(0);
    const xT = interpolate(generated, scoreNoise, t);
    return (parameters) => {
      const features = network.features(parameters, q, labels);
      const velocity = network.velocity(parameters, features, xT, t);
      return fcsLoss({ velocity, generated, noise: scoreNoise });
    };
  };
}

/**
 * CSD (DD2, Eq. 4): gradients reach θ only through q_i. Both backbones read the clean sequence outside
 * of the differentiated function, so that the prefix is a constant; ψ's head and the teacher's closed
 * form are evaluated inside, so that gradients pass through them to x_t. The generator's forward
 * appears twice in the traced program and is merged by the compiler.
 */
export function generatorObjective(
  { teacher, network, settings }: DistillationSubject,
  groups: DistillationGroups,
): Objective {
  const generator = new ArDiffusionGenerator(network);
  return ({ state, constants, inputs }) => {
    const { noise, labels, t, scoreNoise } = inputs as BatchTensors;
    const prefix = generator.generate(groups.generator.read('value', state), noise, labels);
    const guidance = groups.guidance.read('value', state);
    const features = network.features(guidance, prefix, labels);
    const condition = teacher.condition(constants, prefix, labels);
    return (parameters) => {
      const generated = generator.generate(parameters, noise, labels);
      const xT = interpolate(generated, scoreNoise, t);
      const velocity = network.velocity(guidance, features, xT.expandDims(0), t.expandDims(0));
      const { loss, metrics } = csdLoss(
        {
          generated,
          teacherDenoised: teacher.denoised(condition, xT, t),
          guidanceDenoised: velocityToDenoised(velocity.squeeze([0]), xT, t),
        },
        {
          objective: settings.objective,
          alpha: settings.sidAlpha,
          normalizer: settings.normalizer,
          stepWeights: settings.stepWeights,
          layout: network.layout,
        },
      );
      return { loss, metrics: { ...metrics, spread: spread(prefix) } };
    };
  };
}

/** Standard deviation over the batch, averaged over positions and channels; cf. `poolSpread`. */
function spread(sequences: tf.Tensor): tf.Tensor {
  const { variance } = tf.moments(sequences, 0);
  return tf.mean(tf.sqrt(variance));
}

type BatchTensors = Record<'noise' | 'labels' | 't' | 'scoreNoise', tf.Tensor>;
