import * as tf from '@tensorflow/tfjs';
import type { VelocityNetwork } from '@ar-distill/core';
import type { HostTensors } from '@ar-distill/program';
import {
  equalValues,
  equalWeights,
  listNames,
  magnitude,
  requireParameters,
  requireThat,
} from './assertions';
import type { Check } from './check';
import { ROUNDING } from './rounding';
import { noisyShape, type Subject } from './subject';

/** Rules of the weights that a `VelocityNetwork` starts from. */
export const startChecks: readonly Check<Subject>[] = [
  {
    id: 'network-weights',
    name: 'network: initializeFromTeacher fills every parameter',
    run: ({ network, hostNetworkParameters }) =>
      requireParameters(network.parameterSpecs, hostNetworkParameters),
  },
  {
    id: 'head',
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
    id: 'network-start',
    name: 'network: it starts from the weights of the teacher, and leaves them as they are',
    needs: ['network-weights', 'head'],
    run: (subject) => {
      const { network, hostTeacherParameters: given, hostNetworkParameters: start } = subject;
      requireSameStart(network, subject, start);
      const other = startFromOther(network, subject);
      const names = Object.keys(network.parameterSpecs);
      const backbone = names.filter((name) => !network.isHeadParameter(name));
      requireThat(
        backbone.some((name) => !equalValues(start[name]!.data, other[name]!.data)),
        'The backbone starts with the same weights for another teacher: take those of the teacher.',
      );
      const fresh = backbone.filter((name) => {
        const value = given[name];
        const own = start[name]!;
        return value?.shape.join() === own.shape.join() && !equalValues(value.data, own.data);
      });
      requireThat(
        fresh.length === 0,
        `${listNames(fresh)} starts with other values than the teacher has under that name.`,
      );
    },
    exempts: ({ teacher }) =>
      Object.keys(teacher.parameterSpecs).length === 0
        ? 'the teacher has no weights to start from'
        : undefined,
  },
];

/** The rule that what `isHeadParameter` says of the parameters is what the network does with them. */
export const headCheck: Check<Subject> = {
  id: 'head-reads',
  name: 'network: features read no parameter of the head, velocity no other ones',
  needs: ['head', 'network-batch'],
  run: (subject) => {
    const { network, networkParameters: parameters, sequence, condition } = subject;
    const features = network.features(parameters, sequence, condition);
    const xT = subject.normal('xT', noisyShape(subject, 1));
    const t = tf.fill(xT.shape.slice(0, -1), 0.4);
    const velocity = network.velocity(parameters, features, xT, t);
    const names = Object.keys(network.parameterSpecs);
    /** Those of the names whose values change what is computed. */
    const readBy = (
      asked: readonly string[],
      whole: tf.Tensor,
      compute: (own: typeof parameters) => tf.Tensor,
    ): readonly string[] => {
      const changes = (changed: readonly string[]): boolean => {
        const others = changed.map((name) => [name, tf.sub(0.5, parameters[name]!)]);
        const after = compute({ ...parameters, ...Object.fromEntries(others) });
        return magnitude(tf.sub(whole, after)) > ROUNDING * magnitude(whole);
      };
      return changes(asked) ? asked.filter((name) => changes([name])) : [];
    };
    const head = readBy(
      names.filter((name) => network.isHeadParameter(name)),
      features,
      (own) => network.features(own, sequence, condition),
    );
    requireThat(
      head.length === 0,
      `Features read ${listNames(head)}: make isHeadParameter false for them.`,
    );
    const rest = readBy(
      names.filter((name) => network.isTrainable(name) && !network.isHeadParameter(name)),
      velocity,
      (own) => network.velocity(own, features, xT, t),
    );
    requireThat(
      rest.length === 0,
      `The velocity reads ${listNames(rest)}: make isHeadParameter true for them.`,
    );
  },
};

/** What starts from the weights of a teacher. */
type Started = Pick<VelocityNetwork, 'initializeFromTeacher'>;

/** Requires that the network starts with `start` again. */
export function requireSameStart(
  network: Started,
  { hostTeacherParameters: given, rng }: Subject,
  start: Readonly<HostTensors>,
): void {
  requireThat(
    equalWeights(network.initializeFromTeacher(structuredClone(given), rng), start),
    'With the same teacher and the same random numbers it gives other weights: draw from rng alone.',
  );
}

/** What the network starts with from another teacher, whose weights it has to leave as they are. */
export function startFromOther(
  network: Started,
  { hostTeacherParameters: given, rng }: Subject,
): HostTensors {
  const otherTeacher = moved(given);
  const other = network.initializeFromTeacher(otherTeacher, rng);
  requireThat(
    equalWeights(otherTeacher, moved(given)),
    'initializeFromTeacher changes the weights of the teacher: copy what you change.',
  );
  return other;
}

/** Other weights of the same shapes. */
export function moved(values: Readonly<HostTensors>): HostTensors {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      value.dtype === 'int32' ? value : { ...value, data: value.data.map((x) => 0.5 - x) },
    ]),
  );
}
