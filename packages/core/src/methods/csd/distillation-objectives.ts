import * as tf from '@tensorflow/tfjs';
import { csdLoss } from '../../losses/csd-loss';
import { fcsLoss } from '../../losses/fcs-loss';
import { conditionOf } from '../../model/condition';
import type { Objective } from '../../optimization/optimizer-step';
import { interpolate, velocityToDenoised } from '../../score/rectified-flow';
import type { CsdSubject, DistillationGroups } from './csd-subject';
import { spreadSource, tracedSpread } from './spread';

/**
 * FCS (DD2, Eq. 5): ψ learns the velocity of the generator's own sequences. The generator runs forward
 * only; its backbone pass serves all noise draws.
 */
export function guidanceObjective(
  { network, generator }: CsdSubject,
  groups: DistillationGroups,
): Objective {
  return ({ state, inputs }) => {
    const { noise, t, scoreNoise } = inputs as BatchTensors;
    const condition = conditionOf(inputs);
    const q = generator.generate(groups.generator.read('value', state), noise, condition);
    const generated = q.expandDims(0);
    const xT = interpolate(generated, scoreNoise, t);
    return (parameters) => {
      const features = network.features(parameters, q, condition);
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
  { teacher, network, generator, settings }: CsdSubject,
  groups: DistillationGroups,
): Objective {
  return ({ state, constants, inputs }) => {
    const { noise, t, scoreNoise } = inputs as BatchTensors;
    const condition = conditionOf(inputs);
    const prefix = generator.generate(groups.generator.read('value', state), noise, condition);
    const guidance = groups.guidance.read('value', state);
    const features = network.features(guidance, prefix, condition);
    const reading = teacher.read(constants, prefix, condition);
    return (parameters) => {
      const generated = generator.generate(parameters, noise, condition);
      const xT = interpolate(generated, scoreNoise, t);
      const velocity = network.velocity(guidance, features, xT.expandDims(0), t.expandDims(0));
      const { loss, metrics } = csdLoss(
        {
          generated,
          teacherDenoised: teacher.denoised(reading, xT, t),
          guidanceDenoised: velocityToDenoised(velocity.squeeze([0]), xT, t),
        },
        {
          objective: settings.objective,
          alpha: settings.sidAlpha,
          normalizer: settings.normalizer,
          stepWeights: settings.stepWeights,
          normalizeStepWeights: settings.normalizeStepWeights,
          layout: network.layout,
        },
      );
      return {
        loss,
        metrics: { ...metrics, spread: tracedSpread(prefix, spreadSource(settings)) },
      };
    };
  };
}

type BatchTensors = Record<'noise' | 't' | 'scoreNoise', tf.Tensor>;
