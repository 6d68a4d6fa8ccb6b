import * as tf from '@tensorflow/tfjs';
import { conditionInputs, conditionOf, conditionSpecs } from '@ar-distill/core';
import type { Parameters } from '@ar-distill/nn';
import { elementCount, float32 } from '@ar-distill/program';
import {
  magnitude,
  requireFinite,
  requireParameters,
  requireShape,
  requireThat,
} from './assertions';
import type { Check } from './check';
import { requireGradients } from './gradients';
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
    id: 'generator-inputs',
    name: 'generator: it reads the noise and the condition',
    needs: ['generator-shapes', 'network-condition', 'velocity-inputs'],
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
      const trained = Object.keys(generator.parameterSpecs).filter((name) =>
        generator.isTrainable(name),
      );
      requireGradients(trained, generatorParameters, (parameters: Parameters) =>
        tf.sum(tf.mul(generator.generate(parameters, noise, condition), weights)).asScalar(),
      );
    },
  },
  {
    id: 'generator-compiled',
    name: 'generator: compiled it makes the same sequence',
    needs: ['generator-inputs'],
    run: async (subject) => {
      const { generator, compiler, hostGeneratorParameters, hostCondition, rng, batchSize } =
        subject;
      const shape = sequenceShape(subject);
      const noise = float32(shape, rng.normal('conformance/noise', 0, elementCount(shape)));
      const step = await compiler!.compile({
        name: 'generator',
        fn: ({ constants, inputs }) => ({
          outputs: {
            sequence: generator.generate(constants, inputs['noise']!, conditionOf(inputs)),
          },
        }),
        constants: hostGeneratorParameters,
        inputs: {
          noise: { shape, dtype: 'float32' },
          ...conditionSpecs(generator.condition, [batchSize]),
        },
      });
      try {
        const { sequence } = await step.run({ noise, ...conditionInputs(hostCondition) });
        const expected = generate(subject, tf.tensor(noise.data, shape));
        const own = tf.tensor(sequence!.data, [...sequence!.shape]);
        requireThat(
          magnitude(tf.sub(own, expected)) <= 1e-3 * magnitude(expected),
          'The compiled generator makes another sequence: what JavaScript computes while a step is traced becomes a constant.',
        );
      } finally {
        await step.dispose();
      }
    },
    exempts: withoutCompiler,
  },
];

function generate(subject: Subject, noise: tf.Tensor, condition = subject.condition): tf.Tensor {
  return subject.generator.generate(subject.generatorParameters, noise, condition);
}
