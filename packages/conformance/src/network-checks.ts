import * as tf from '@tensorflow/tfjs';
import { stepOfPosition } from '@ar-distill/core';
import { MIN_TIMESTEP } from '@ar-distill/core/math';
import type { Parameters } from '@ar-distill/nn';
import { conditionOfRows, requireApart, type Rows } from './apart';
import {
  changePerPosition,
  magnitude,
  requireFinite,
  requireShape,
  requireThat,
} from './assertions';
import { replaceStep } from './causality';
import type { Check } from './check';
import { requireGradients } from './gradients';
import { ROUNDING } from './rounding';
import { headCheck } from './start-checks';
import {
  batchOf,
  noisyShape,
  otherBatchSizes,
  type Subject,
  withoutOtherCondition,
} from './subject';

/** Rules of `VelocityNetwork`. */
export const networkChecks: readonly Check<Subject>[] = [
  {
    id: 'features',
    name: 'network: features are finite',
    needs: ['network-weights'],
    run: (subject) => requireFinite('features', featuresOf(subject, subject.sequence)),
  },
  {
    id: 'network-finite',
    name: 'network: velocities are finite from t = tMin to t = 1',
    needs: ['features'],
    run: (subject) => {
      for (const time of [MIN_TIMESTEP, 0.5, 1]) {
        requireFinite(`The velocity at t = ${time}`, velocityOf(subject, 1, time));
      }
    },
  },
  {
    id: 'network-shapes',
    name: 'network: features and velocities have their shapes at two batch sizes',
    needs: ['network-finite'],
    run: (subject) => {
      const { network, networkParameters, length, layout, normal } = subject;
      for (const [i, count] of otherBatchSizes(subject).entries()) {
        const { sequence, condition } = batchOf(subject, count);
        const features = network.features(networkParameters, sequence, condition);
        const [, , width = 0] = features.shape;
        requireShape(`features of ${count}`, features, [count, length, width]);
        const xT = normal('xT', [1 + 2 * i, count, length, layout.channels]);
        const t = tf.fill(xT.shape.slice(0, -1), 0.5);
        const velocity = network.velocity(networkParameters, features, xT, t);
        requireShape(`The velocity of ${count}`, velocity, xT.shape);
      }
    },
  },
  {
    id: 'network-batch',
    name: 'network: samples and noise draws get the same velocity in any batch',
    needs: ['network-shapes'],
    run: (subject) => {
      const { network, networkParameters: parameters, layout, length, normal } = subject;
      const [, count] = otherBatchSizes(subject);
      const { sequence, condition } = batchOf(subject, count);
      const featuresOfRows = (own: Rows): tf.Tensor =>
        network.features(parameters, own(sequence), conditionOfRows(condition, own));
      requireApart('A sample has other features alone than among others.', count, featuresOfRows);
      const xT = normal('xT', [3, count, length, layout.channels]);
      const t = tf.fill(xT.shape.slice(0, -1), 0.5);
      const velocityOfRows = (own: Rows): tf.Tensor =>
        network.velocity(parameters, featuresOfRows(own), own(xT, 1), own(t, 1));
      requireApart(
        'A sample gets another velocity alone than among others.',
        count,
        velocityOfRows,
        1,
      );
      const features = network.features(parameters, sequence, condition);
      requireApart('A noise draw gets another velocity alone than among others.', 3, (own) =>
        network.velocity(parameters, features, own(xT), own(t)),
      );
    },
  },
  {
    id: 'network-causality',
    name: 'network: features depend on earlier AR steps only, and on all of them',
    needs: ['network-batch'],
    run: (subject) => {
      const steps = stepOfPosition(subject.layout);
      const before = featuresOf(subject, subject.sequence);
      const threshold = ROUNDING * magnitude(before);
      for (const step of subject.layout.stepLengths.keys()) {
        const after = featuresOf(subject, replaceStep(subject.sequence, subject.layout, step));
        changePerPosition(before, after).forEach((change, position) => {
          const later = steps[position]! > step;
          requireThat(
            later || change <= threshold,
            `Position ${position} of AR step ${steps[position]} sees AR step ${step}.`,
          );
          requireThat(
            !later || change > 0,
            `Position ${position} of AR step ${steps[position]} does not see AR step ${step}.`,
          );
        });
      }
    },
  },
  {
    id: 'network-condition',
    name: 'network: the condition reaches every position',
    needs: ['network-causality'],
    run: (subject) => {
      const { network, networkParameters, sequence, otherCondition } = subject;
      if (!otherCondition) return;
      const changes = changePerPosition(
        featuresOf(subject, sequence),
        network.features(networkParameters, sequence, otherCondition),
      );
      const blind = changes.findIndex((change) => !(change > 0));
      requireThat(blind < 0, `Position ${blind} has the same features for two conditions.`);
    },
    exempts: withoutOtherCondition,
  },
  {
    id: 'position-wise',
    name: 'network: velocity is position-wise, so it accepts any number of positions',
    needs: ['network-batch'],
    run: (subject) => {
      const { network, networkParameters, length, sequence } = subject;
      const count = Math.min(2, length);
      const own = (x: tf.Tensor, axis: number): tf.Tensor => {
        const begin = x.shape.map((_, i) => (i === axis ? length - count : 0));
        const size = x.shape.map((n, i) => (i === axis ? count : n));
        return tf.slice(x, begin, size);
      };
      const xT = subject.normal('xT', noisyShape(subject, 2));
      const t = tf.fill(xT.shape.slice(0, -1), 0.4);
      const features = featuresOf(subject, sequence);
      const all = network.velocity(networkParameters, features, xT, t);
      const some = network.velocity(networkParameters, own(features, 1), own(xT, 2), own(t, 2));
      const difference = magnitude(tf.sub(own(all, 2), some));
      requireThat(
        difference <= ROUNDING * magnitude(all),
        'The velocity of a position changes when other positions are left out.',
      );
    },
  },
  {
    id: 'one-timestep',
    name: 'network: timesteps may have axes of size 1',
    needs: ['network-batch'],
    run: (subject) => {
      const { network, networkParameters, sequence } = subject;
      const features = featuresOf(subject, sequence);
      const xT = subject.normal('xT', noisyShape(subject, 2));
      const velocityAt = (t: tf.Tensor): tf.Tensor =>
        network.velocity(networkParameters, features, xT, t);
      const full = velocityAt(tf.fill(xT.shape.slice(0, -1), 0.4));
      const broadcast = velocityAt(tf.fill([1, 1, 1], 0.4));
      requireShape('The velocity for t of the shape [1, 1, 1]', broadcast, xT.shape);
      requireThat(
        magnitude(tf.sub(full, broadcast)) <= ROUNDING * magnitude(full),
        'One timestep for all positions gives another velocity than the same timestep at each.',
      );
    },
  },
  {
    id: 'velocity-inputs',
    name: 'network: velocity reads x_t, t and the features',
    needs: ['position-wise'],
    run: (subject) => {
      const { network, networkParameters, sequence } = subject;
      const features = featuresOf(subject, sequence);
      const xT = subject.normal('xT', noisyShape(subject, 1));
      const t = tf.fill(xT.shape.slice(0, -1), 0.4);
      const velocity = network.velocity(networkParameters, features, xT, t);
      const others: [string, tf.Tensor][] = [
        ['x_t', network.velocity(networkParameters, features, tf.neg(xT), t)],
        ['t', network.velocity(networkParameters, features, xT, tf.mul(t, 2))],
        ['the features', network.velocity(networkParameters, tf.neg(features), xT, t)],
      ];
      for (const [input, other] of others) {
        requireThat(magnitude(tf.sub(velocity, other)) > 0, `The velocity ignores ${input}.`);
      }
    },
  },
  headCheck,
  {
    id: 'network-gradients',
    name: 'network: gradients are finite and reach every trainable parameter and x_t',
    needs: ['velocity-inputs'],
    run: (subject) => {
      const { network, networkParameters, sequence, condition } = subject;
      const xT = subject.normal('xT', noisyShape(subject, 1));
      const t = tf.fill(xT.shape.slice(0, -1), 0.4);
      const weights = subject.normal('weights', noisyShape(subject, 1));
      const objective = (parameters: Parameters, noisy: tf.Tensor): tf.Scalar => {
        const features = network.features(parameters, sequence, condition);
        const velocity = network.velocity(parameters, features, noisy, t);
        return tf.sum(tf.mul(velocity, weights)).asScalar();
      };
      requireGradients(network, networkParameters, (parameters) => objective(parameters, xT));
      const byInput = tf.grad((noisy: tf.Tensor) => objective(networkParameters, noisy))(xT);
      requireFinite('The gradient in x_t', byInput);
      requireThat(magnitude(byInput) > 0, 'The gradient in x_t is zero.');
    },
  },
];

function featuresOf(subject: Subject, sequence: tf.Tensor): tf.Tensor {
  return subject.network.features(subject.networkParameters, sequence, subject.condition);
}

function velocityOf(subject: Subject, draws: number, time: number): tf.Tensor {
  const xT = subject.normal('xT', noisyShape(subject, draws));
  return subject.network.velocity(
    subject.networkParameters,
    featuresOf(subject, subject.sequence),
    xT,
    tf.fill(xT.shape.slice(0, -1), time),
  );
}
