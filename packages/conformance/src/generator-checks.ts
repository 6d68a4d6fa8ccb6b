import * as tf from '@tensorflow/tfjs';
import { conditionInputs, conditionOf } from '@ar-distill/core';
import type { Parameters } from '@ar-distill/nn';
import { elementCount, float32 } from '@ar-distill/program';
import { conditionOfRows, requireApart } from './apart';
import {
  equalWeights,
  listNames,
  magnitude,
  requireFinite,
  requireParameters,
  requireShape,
  requireThat,
} from './assertions';
import type { Check } from './check';
import { requireSameCompiled } from './compiled';
import { requireGradients } from './gradients';
import { moved } from './start-checks';
import { batchOf, otherBatchSizes, sequenceShape, type Subject, withoutCompiler } from './subject';

/** Rules of `OneStepGenerator`. */
export const generatorChecks: readonly Check<Subject>[] = [
  {
    id: 'generator-weights',
    name: 'generator: initialize fills every parameter',
    needs: ['network-weights'],
    run: ({ generator, hostGeneratorParameters }) =>
      requireParameters(generator.parameterSpecs, hostGeneratorParameters),
  },
  {
    id: 'generator-start',
    name: 'generator: it starts from the weights of the network, and leaves them as they are',
    needs: ['generator-weights', 'network-start'],
    run: ({ generator, hostNetworkParameters: given }) => {
      const otherNetwork = moved(given);
      const [own, other] = [generator.initialize(given), generator.initialize(otherNetwork)];
      requireThat(
        equalWeights(otherNetwork, moved(given)),
        'initialize changes the weights of the network: copy what you change.',
      );
      requireThat(
        !equalWeights(own, other),
        'It starts with the same weights for another network: take those of the network.',
      );
    },
  },
  {
    id: 'generator-finite',
    name: 'generator: one evaluation makes a finite sequence',
    needs: ['generator-weights', 'network-finite'],
    run: (subject) => requireFinite('The generated sequence', generate(subject, subject.sequence)),
  },
  {
    id: 'generator-shapes',
    name: 'generator: sequences have their shape at two batch sizes',
    needs: ['generator-finite', 'network-shapes'],
    run: (subject) => {
      const { generator, generatorParameters } = subject;
      for (const count of otherBatchSizes(subject)) {
        const { sequence, condition } = batchOf(subject, count);
        const generated = generator.generate(generatorParameters, sequence, condition);
        requireShape(`The generated sequence of ${count}`, generated, sequence.shape);
      }
    },
  },
  {
    id: 'generator-batch',
    name: 'generator: noise becomes the same sequence in any batch',
    needs: ['generator-shapes', 'network-batch'],
    run: (subject) => {
      const { generator, generatorParameters } = subject;
      const [, count] = otherBatchSizes(subject);
      const { sequence: noise, condition } = batchOf(subject, count);
      requireApart('Noise becomes another sequence alone than among others.', count, (own) =>
        generator.generate(generatorParameters, own(noise), conditionOfRows(condition, own)),
      );
    },
  },
  {
    id: 'generator-inputs',
    name: 'generator: it reads the noise and the condition',
    needs: ['generator-start', 'generator-batch', 'network-condition', 'velocity-inputs'],
    run: (subject) => {
      const { sequence: noise, otherCondition } = subject;
      const generated = generate(subject, noise);
      requireThat(
        magnitude(tf.sub(generated, generate(subject, tf.neg(noise)))) > 0,
        'The generated sequence is the same for any noise.',
      );
      if (!otherCondition) return;
      requireThat(
        magnitude(tf.sub(generated, generate(subject, noise, otherCondition))) > 0,
        'The generated sequence is the same for two conditions.',
      );
    },
  },
  {
    id: 'generator-gradients',
    name: 'generator: gradients are finite and reach every trainable parameter',
    needs: ['generator-inputs', 'network-gradients'],
    run: ({ generator, generatorParameters, sequence: noise, condition, normal }) => {
      const weights = normal('generator weights', noise.shape);
      requireGradients(generator, generatorParameters, (parameters: Parameters) =>
        tf.sum(tf.mul(generator.generate(parameters, noise, condition), weights)).asScalar(),
      );
    },
  },
  {
    id: 'generator-compiled',
    name: 'generator: compiled it makes the same sequence',
    needs: ['generator-inputs'],
    run: async (subject) => {
      const { generator, hostGeneratorParameters, hostCondition, rng } = subject;
      const shape = sequenceShape(subject);
      const noise = float32(shape, rng.normal('conformance/noise', 0, elementCount(shape)));
      await requireSameCompiled(subject.compiler!, {
        what: 'generator',
        weights: hostGeneratorParameters,
        inputs: { noise, ...conditionInputs(hostCondition) },
        compute: (parameters, inputs) => ({
          sequence: generator.generate(parameters, inputs['noise']!, conditionOf(inputs)),
        }),
      });
    },
    exempts: withoutCompiler,
  },
  {
    id: 'measures',
    name: 'generator: measureSequences gives finite figures of what it makes',
    needs: ['generator-inputs'],
    run: (subject) => {
      const { backbone, architecture } = subject;
      const generated = generate(subject, subject.sequence);
      const host = float32(generated.shape, Float32Array.from(generated.dataSync()));
      const figures = backbone.measureSequences?.(architecture, host) ?? {};
      const broken = Object.keys(figures).filter((name) => !Number.isFinite(figures[name]));
      requireThat(broken.length === 0, `It gives ${listNames(broken)} as no finite number.`);
    },
    exempts: ({ backbone }) =>
      backbone.measureSequences ? undefined : 'the backbone does not offer it',
  },
];

function generate(subject: Subject, noise: tf.Tensor, condition = subject.condition): tf.Tensor {
  return subject.generator.generate(subject.generatorParameters, noise, condition);
}
