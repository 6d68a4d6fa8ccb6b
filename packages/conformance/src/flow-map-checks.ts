import * as tf from '@tensorflow/tfjs';
import {
  type FlowMapNetwork,
  type FlowMapPrediction,
  stepOfPosition,
  stepStarts,
} from '@ar-distill/core';
import type { Parameters } from '@ar-distill/nn';
import type { HostTensors } from '@ar-distill/program';
import {
  changePerPosition,
  equalWeights,
  magnitude,
  requireFinite,
  requireParameters,
  requireShape,
  requireThat,
} from './assertions';
import type { Check } from './check';
import { requireGradients } from './gradients';
import { ROUNDING } from './rounding';
import { requireSameStart, startFromOther } from './start-checks';
import { batchOf, otherBatchSizes, sequenceShape, type Subject } from './subject';

/** Rules of `FlowMapNetwork`, for backbones that have one. */
export const flowMapChecks: readonly Check<Subject>[] = [
  {
    id: 'flow-map-weights',
    name: 'flow map: it starts from the weights of the teacher, and leaves them as they are',
    run: (subject) => {
      const { hostTeacherParameters: given } = subject;
      const network = flowMapOf(subject);
      const start = startOf(network, subject);
      requireParameters(network.parameterSpecs, start);
      requireSameStart(network, subject, start);
      if (Object.keys(given).length === 0) return;
      const other = startFromOther(network, subject);
      requireThat(
        !equalWeights(start, other),
        'It starts with the same weights for another teacher: take those of the teacher.',
      );
    },
    exempts: withoutFlowMap,
  },
  {
    id: 'flow-map-shapes',
    name: 'flow map: scores and vectors are finite and have their shapes at two batch sizes',
    needs: ['flow-map-weights'],
    run: (subject) => {
      const { layout, length } = subject;
      const network = flowMapOf(subject);
      const parameters = randomParameters(network, subject);
      for (const count of otherBatchSizes(subject)) {
        const { sequence, condition } = batchOf(subject, count);
        const isData = dataUntil(subject, 1, count);
        const { logits, vectors } = network.predict(parameters, sequence, isData, condition);
        requireFinite('logits', logits);
        requireFinite('vectors', vectors);
        requireShape(`logits of ${count}`, logits, [count, length, logits.shape[2] ?? 0]);
        requireShape(`vectors of ${count}`, vectors, [count, length, layout.channels]);
      }
    },
    exempts: withoutFlowMap,
  },
  {
    id: 'flow-map-causality',
    name: 'flow map: a position sees itself and earlier AR steps, and which of them are data',
    needs: ['flow-map-shapes'],
    run: (subject) => {
      const { layout, sequence, condition } = subject;
      const network = flowMapOf(subject);
      const parameters = randomParameters(network, subject);
      const predict = (tokens: tf.Tensor, isData: tf.Tensor): FlowMapPrediction =>
        network.predict(parameters, tokens, isData, condition);
      const noise = dataUntil(subject, 0);
      const before = predict(sequence, noise);
      const steps = stepOfPosition(layout);
      for (const [step, start] of stepStarts(layout).entries()) {
        const here = steps.map((_, position) => (position === start ? 1 : 0));
        const own = tf.tensor2d(here, [1, here.length]);
        const shown: [string, FlowMapPrediction][] = [
          ['the token', predict(tf.mul(sequence, tf.sub(1, own.mul(2.5).expandDims(2))), noise)],
          ['the kind', predict(sequence, tf.add(noise, own))],
        ];
        for (const [what, after] of shown) {
          requireSeen(
            before,
            after,
            (position) => position === start || steps[position]! > step,
            `${what} of position ${start} in AR step ${step}`,
          );
        }
      }
    },
    exempts: withoutFlowMap,
  },
  {
    id: 'flow-map-gradients',
    name: 'flow map: gradients are finite and reach every trainable parameter',
    needs: ['flow-map-shapes'],
    run: (subject) => {
      const { sequence, condition, normal } = subject;
      const network = flowMapOf(subject);
      const isData = dataUntil(subject, 1);
      const weights = normal('weights', sequenceShape(subject));
      const objective = (parameters: Parameters): tf.Scalar => {
        const { logits, vectors } = network.predict(parameters, sequence, isData, condition);
        const ofVectors = tf.sum(tf.mul(vectors, weights));
        return tf.sum(tf.square(logits)).add(ofVectors).asScalar();
      };
      requireGradients(network, randomParameters(network, subject), objective);
    },
    exempts: withoutFlowMap,
  },
];

/** Why the rules of a flow-map network say nothing. */
function withoutFlowMap({ backbone }: Subject): string | undefined {
  return backbone.createFlowMapNetwork ? undefined : 'the backbone has no flow-map network';
}

function flowMapOf({ backbone, architecture }: Subject): FlowMapNetwork {
  return backbone.createFlowMapNetwork!(architecture);
}

/** What it starts from; a copy goes in, in case that the plugin changes what it gets. */
function startOf(network: FlowMapNetwork, { hostTeacherParameters, rng }: Subject): HostTensors {
  return network.initializeFromTeacher(structuredClone(hostTeacherParameters), rng);
}

/** Normals of standard deviation 0.3: what starts at rest would hide what it reads. */
function randomParameters(
  { parameterSpecs }: FlowMapNetwork,
  { normal }: Subject,
): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(parameterSpecs).map(([name, { shape }]) => [
      name,
      tf.mul(normal(`flow-map/${name}`, shape), 0.3),
    ]),
  );
}

/** [count, n]: 1 at the positions of the first `steps` AR steps. */
function dataUntil({ layout, batchSize }: Subject, steps: number, count = batchSize): tf.Tensor2D {
  const row = stepOfPosition(layout).map((step) => (step < steps ? 1 : 0));
  return tf.tensor2d(Array.from({ length: count }, () => row));
}

/** Requires that exactly the positions that may see a change of `what` say something else after it. */
function requireSeen(
  before: FlowMapPrediction,
  after: FlowMapPrediction,
  maySee: (position: number) => boolean,
  what: string,
): void {
  for (const output of ['logits', 'vectors'] as const) {
    const threshold = ROUNDING * magnitude(before[output]);
    changePerPosition(before[output], after[output]).forEach((change, position) => {
      const sees = maySee(position);
      requireThat(
        sees || change <= threshold,
        `The ${output} of position ${position} depend on ${what}.`,
      );
      requireThat(
        !sees || change > 0,
        `The ${output} of position ${position} do not depend on ${what}.`,
      );
    });
  }
}
