import { type Backbone, PLAIN_SAMPLING } from '@ar-distill/core';
import { headProblem } from '../architecture/architecture-fields';
import { TokenPredictionTask } from '../tasks/token-prediction-task';
import { unitCodeTask } from '../tasks/unit-code-task';
import { UNIT_CODEBOOK, unitCodeNoise } from '../tokenizer/unit-codes';
import { VqTokenizer } from '../tokenizer/vq-tokenizer';
import type { ArModel, ArModelSizes } from './ar-model';
import { ArModelNetwork } from './ar-model-network';
import { ArModelTeacher } from './ar-model-teacher';

/** A family whose model alone is new. */
export type ArFamily<A extends ArModelSizes> = Pick<
  Backbone<A>,
  'name' | 'summary' | 'architectureSchema' | 'smallArchitecture'
> & {
  /** The same model, under the same names of parameters, serves teacher and distilled networks. */
  createModel(architecture: A): ArModel;
};

/**
 * A whole backbone around an AR model of classes and images: `VqTokenizer`, a teacher with a linear
 * classifier, networks with a diffusion head or that classifier, and the training of both. The teacher reads
 * code vectors and is trained on vectors near the codes, so that it needs no adaptation.
 */
export function arBackbone<A extends ArModelSizes>(family: ArFamily<A>): Backbone<A> {
  const { createModel, ...declared } = family;
  const tokenizerOf = (architecture: A): VqTokenizer => {
    const { layout, order } = createModel(architecture);
    return new VqTokenizer(architecture, layout, order);
  };
  return {
    ...declared,
    architectureSchema: family.architectureSchema.superRefine((architecture, context) => {
      const problem = headProblem(architecture);
      if (problem) context.addIssue({ code: 'custom', ...problem, path: [problem.path] });
    }),
    createTokenizer: tokenizerOf,
    createTokenizerTask: (architecture) => unitCodeTask(tokenizerOf(architecture)),
    createTeacher: (architecture, sampling) =>
      new ArModelTeacher(architecture, createModel(architecture), sampling),
    createTeacherTask: (architecture) =>
      new TokenPredictionTask(
        new ArModelTeacher(architecture, createModel(architecture), PLAIN_SAMPLING),
        {
          conditionDropout: architecture.labelDropout,
          isFrozen: (name) => name === UNIT_CODEBOOK,
          codeNoise: unitCodeNoise(architecture),
        },
      ),
    createNetwork: (architecture) => new ArModelNetwork(architecture, createModel(architecture)),
  };
}
