import * as tf from '@tensorflow/tfjs';
import { densityRatioLoss } from '../../losses/adversarial-loss';
import { conditionOf } from '../../model/condition';
import type { Objective } from '../../optimization/optimizer-step';
import { interpolate } from '../../score/rectified-flow';
import type { CsdSubject, DistillationGroups } from './csd-subject';
import { Discriminator } from './discriminator';
import type { BatchTensors } from './distillation-batches';
import { spreadSource, tracedSpread } from './spread';

/**
 * Score distillation without the teacher: the discriminator's logit estimates the log density ratio of real
 * and generated tokens at x_t, t and the prefix, so its gradient in x_t stands for the difference of their
 * scores. All of it is a constant of the differentiated function; the gradient reaches θ through q_i alone.
 */
export function densityRatioObjective(subject: CsdSubject, groups: DistillationGroups): Objective {
  const { network, generator, settings } = subject;
  const discriminator = new Discriminator(subject);
  return ({ state, constants, inputs }) => {
    const { noise, t, scoreNoise } = inputs as BatchTensors;
    const condition = conditionOf(inputs);
    const prefix = generator.generate(groups.generator.read('value', state), noise, condition);
    const guidance = groups.guidance.read('value', state);
    const judged = discriminator.prefix(constants, prefix);
    const features = network.features(guidance, judged, condition);
    const logits = (xT: tf.Tensor): tf.Tensor => discriminator.logits(guidance, features, xT, t);
    // A logit reads no x_t but its own, so the gradient of their sum is that of each.
    const logitGradient = tf.grad((xT: tf.Tensor) => tf.sum(logits(xT)))(
      interpolate(prefix, scoreNoise, t),
    );
    return (parameters) => {
      const generated = generator.generate(parameters, noise, condition);
      const { loss, metrics } = densityRatioLoss(
        { generated, logitGradient, t },
        {
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
