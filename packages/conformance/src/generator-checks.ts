import * as tf from '@tensorflow/tfjs';
import type { Parameters } from '@ar-distill/nn';
import {
  type Check,
  magnitude,
  requireFinite,
  requireParameters,
  requireShape,
  requireThat,
} from './assertions';
import { requireGradients } from './gradients';
import type { Subject } from './subject';

/** Rules of `OneStepGenerator`. */
export const generatorChecks: readonly Check<Subject>[] = [
  {
    name: 'generator: initialize fills every parameter',
    run: ({ generator, hostGeneratorParameters }) =>
      requireParameters(generator.parameterSpecs, hostGeneratorParameters),
  },
  {
    name: 'generator: one evaluation makes a finite sequence of the right shape',
    run: (subject) => {
      const generated = generate(subject, subject.sequence);
      requireShape('The generated sequence', generated, subject.sequence.shape);
      requireFinite('The generated sequence', generated);
    },
  },
  {
    name: 'generator: it reads the noise and the condition',
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
    name: 'generator: gradients are finite and reach every trainable parameter',
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
];

function generate(subject: Subject, noise: tf.Tensor, condition = subject.condition): tf.Tensor {
  return subject.generator.generate(subject.generatorParameters, noise, condition);
}
