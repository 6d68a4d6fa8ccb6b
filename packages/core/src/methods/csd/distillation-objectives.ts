import * as tf from '@tensorflow/tfjs';
import { discriminatorLoss, nonSaturatingLoss } from '../../losses/adversarial-loss';
import { csdLoss } from '../../losses/csd-loss';
import { fcsLoss } from '../../losses/fcs-loss';
import { conditionOf } from '../../model/condition';
import type { Objective } from '../../optimization/optimizer-step';
import { interpolate, velocityToDenoised } from '../../score/rectified-flow';
import type { CsdSubject, DistillationGroups } from './csd-subject';
import { Discriminator } from './discriminator';
import type { BatchTensors } from './distillation-batches';
import { generatedPrefix } from './generated-prefix';
import { under } from './named-under';
import { realBatch } from './real-batches';
import { spreadSource, tracedSpread } from './spread';

/**
 * FCS (DD2, Eq. 5): ψ learns the velocity of the generator's own sequences. The generator runs forward
 * only; its backbone pass serves all noise draws. Where the settings ask for a discriminator, it is trained
 * along on the same noised tokens, and on real ones at the same t and noise after their own prefix.
 */
export function guidanceObjective(subject: CsdSubject, groups: DistillationGroups): Objective {
  const { network, generator, settings } = subject;
  const { adversarial } = settings;
  const prefixOf = generatedPrefix(subject);
  return ({ state, constants, inputs }) => {
    const { noise, t, scoreNoise } = inputs as BatchTensors;
    const condition = conditionOf(inputs);
    const q = generator.generate(groups.generator.read('value', state), noise, condition);
    const generated = q.expandDims(0);
    const xT = interpolate(generated, scoreNoise, t);
    const prefix = prefixOf(constants, q);
    if (!adversarial) {
      return (parameters) => {
        const features = network.features(parameters, prefix, condition);
        const velocity = network.velocity(parameters, features, xT, t);
        return fcsLoss({ velocity, generated, noise: scoreNoise });
      };
    }
    const discriminator = new Discriminator(subject);
    const codes = discriminator.prefix(constants, q);
    const real = realBatch(discriminator.teacher, constants, inputs);
    const realXT = interpolate(real.sequence.expandDims(0), scoreNoise, t);
    return (parameters) => {
      const features = network.features(parameters, prefix, condition);
      const velocity = network.velocity(parameters, features, xT, t);
      const fcs = fcsLoss({ velocity, generated, noise: scoreNoise });
      const realFeatures = network.features(parameters, real.sequence, real.condition);
      const judged = network.features(parameters, codes, condition);
      const told = discriminatorLoss({
        real: discriminator.logits(parameters, realFeatures, realXT, t),
        generated: discriminator.logits(parameters, judged, xT, t),
      });
      return {
        loss: tf.add(fcs.loss, tf.mul(told.loss, adversarial.discriminatorWeight)),
        metrics: {
          ...fcs.metrics,
          ...under('discriminator', { loss: told.loss, ...told.metrics }),
        },
      };
    };
  };
}

/**
 * CSD (DD2, Eq. 4): gradients reach θ only through q_i. Both backbones read the clean sequence outside
 * of the differentiated function, so that the prefix is a constant; ψ's head and the teacher's closed
 * form are evaluated inside, so that gradients pass through them to x_t. The generator's forward
 * appears twice in the traced program and is merged by the compiler. The non-saturating loss of a
 * discriminator takes the same way to θ: through x_t.
 */
export function generatorObjective(subject: CsdSubject, groups: DistillationGroups): Objective {
  const { teacher, network, generator, settings } = subject;
  const { adversarial } = settings;
  const discriminator = adversarial && new Discriminator(subject);
  const prefixOf = generatedPrefix(subject);
  return ({ state, constants, inputs }) => {
    const { noise, t, scoreNoise } = inputs as BatchTensors;
    const condition = conditionOf(inputs);
    const sequence = generator.generate(groups.generator.read('value', state), noise, condition);
    const prefix = prefixOf(constants, sequence);
    const guidance = groups.guidance.read('value', state);
    const features = network.features(guidance, prefix, condition);
    const reading = teacher.read(constants, prefix, condition);
    const judged =
      discriminator &&
      network.features(guidance, discriminator.prefix(constants, sequence), condition);
    return (parameters) => {
      const generated = generator.generate(parameters, noise, condition);
      const xT = interpolate(generated, scoreNoise, t);
      const velocity = network.velocity(guidance, features, xT, t);
      const stepWeights = {
        stepWeights: settings.stepWeights,
        normalizeStepWeights: settings.normalizeStepWeights,
        layout: network.layout,
      };
      const score = csdLoss(
        {
          generated,
          teacherDenoised: teacher.denoised(reading, xT, t),
          guidanceDenoised: velocityToDenoised(velocity, xT, t),
        },
        {
          objective: settings.objective,
          alpha: settings.sidAlpha,
          normalizer: settings.normalizer,
          ...stepWeights,
        },
      );
      const spread = tracedSpread(sequence, spreadSource(settings));
      if (!discriminator || !judged) return { ...score, metrics: { ...score.metrics, spread } };
      const logits = discriminator.logits(guidance, judged, xT, t);
      const adversarialLoss = nonSaturatingLoss(logits, stepWeights);
      return {
        loss: tf.add(score.loss, tf.mul(adversarialLoss, adversarial?.weight ?? 1)),
        metrics: { ...score.metrics, adversarialLoss, spread },
      };
    };
  };
}
