import * as tf from '@tensorflow/tfjs';
import { stepOfPosition } from '@ar-distill/core';
import { MIN_TIMESTEP } from '@ar-distill/core/math';
import type { Parameters } from '@ar-distill/nn';
import {
  changePerPosition,
  type Check,
  listNames,
  magnitude,
  requireFinite,
  requireParameters,
  requireShape,
  requireThat,
} from './assertions';
import { replaceStep } from './causality';
import { requireGradients } from './gradients';
import type { Subject } from './subject';

/** Changes below this share of the largest value are rounding. */
const ROUNDING = 1e-5;

/** Rules of `VelocityNetwork`. */
export const networkChecks: readonly Check<Subject>[] = [
  {
    name: 'network: initializeFromTeacher fills every parameter',
    run: ({ network, hostNetworkParameters }) =>
      requireParameters(network.parameterSpecs, hostNetworkParameters),
  },
  {
    name: 'network: isHeadParameter splits the parameters',
    run: ({ network }) => {
      const names = Object.keys(network.parameterSpecs);
      const head = names.filter((name) => network.isHeadParameter(name));
      requireThat(head.length > 0, 'No parameter belongs to the head.');
      requireThat(head.length < names.length, 'Every parameter belongs to the head.');
      const frozen = head.filter((name) => !network.isTrainable(name));
      requireThat(frozen.length === 0, `Head parameters must be trainable: ${listNames(frozen)}.`);
    },
  },
  {
    name: 'network: features have one row per position',
    run: (subject) => {
      const features = featuresOf(subject, subject.sequence);
      const [, , width = 0] = features.shape;
      requireShape('features', features, [subject.batchSize, subject.length, width]);
      requireFinite('features', features);
    },
  },
  {
    name: 'network: features depend on earlier AR steps only, and on all of them',
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
    name: 'network: the condition reaches every position',
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
  },
  {
    name: 'network: velocities have the shape of x_t and are finite from t = tMin to t = 1',
    run: (subject) => {
      for (const draws of [1, 3]) {
        for (const time of [MIN_TIMESTEP, 0.5, 1]) {
          const velocity = velocityOf(subject, draws, time);
          const what = `The velocity at t = ${time}`;
          requireShape(what, velocity, noisyShape(subject, draws));
          requireFinite(what, velocity);
        }
      }
    },
  },
  {
    name: 'network: velocity is position-wise, so it accepts any number of positions',
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
    name: 'network: timesteps may have axes of size 1',
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
    name: 'network: velocity reads x_t, t and the features',
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
  {
    name: 'network: gradients are finite and reach every trainable parameter and x_t',
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
      const trained = Object.keys(network.parameterSpecs).filter((name) =>
        network.isTrainable(name),
      );
      requireGradients(trained, networkParameters, (parameters) => objective(parameters, xT));
      const byInput = tf.grad((noisy: tf.Tensor) => objective(networkParameters, noisy))(xT);
      requireFinite('The gradient in x_t', byInput);
      requireThat(magnitude(byInput) > 0, 'The gradient in x_t is zero.');
    },
  },
];

function featuresOf(subject: Subject, sequence: tf.Tensor): tf.Tensor {
  return subject.network.features(subject.networkParameters, sequence, subject.condition);
}

function noisyShape({ batchSize, length, layout }: Subject, draws: number): number[] {
  return [draws, batchSize, length, layout.channels];
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
