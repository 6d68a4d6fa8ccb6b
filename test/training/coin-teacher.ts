import { GuidedTeacher } from '@ar-distill/backbone-kit';
import {
  ArDiffusionGenerator,
  classCondition,
  type Condition,
  type ConditionSpace,
  type DistillationSubject,
  type GuidanceRange,
  labelsOf,
  type SequenceLayout,
  type TeacherGuidance,
  withGuidance,
} from '@ar-distill/core';
import { guideByScale } from '@ar-distill/core/math';
import { type DistillationSettings, distillationSettingsSchema } from '@ar-distill/core/methods';
import type { Parameters } from '@ar-distill/nn';
import { toyArchitectureSchema, toyBackbone } from '@ar-distill/plugin-toy';
import * as tf from '@tensorflow/tfjs';

/** Logits of +1 with the condition and without it, where those of −1 are 0. */
const [CONDITIONAL, UNCONDITIONAL] = [0.5, -0.5];

/** Probability at a guidance scale of 1 or more that the first coin falls on +1, and the second as the first. */
export function headsAt(scale: number): number {
  return 1 / (1 + Math.exp(-(UNCONDITIONAL + scale * (CONDITIONAL - UNCONDITIONAL))));
}

/** Two coins on +1 or −1, the second of which rather falls as the first did; without weights. */
class CoinTeacher extends GuidedTeacher {
  override readonly guidance: TeacherGuidance;
  readonly layout: SequenceLayout = { channels: 1, stepLengths: [1, 1] };
  readonly condition: ConditionSpace;
  readonly codeScale = 1;
  readonly parameterSpecs = {};
  readonly sampling;

  constructor(guidanceScale: number, range?: GuidanceRange) {
    super();
    this.sampling = { guidanceScale, topK: 0, topP: 1, temperature: 1 };
    this.condition = withGuidance(classCondition(1), range && { range, scale: guidanceScale });
    this.guidance = {
      scale: guidanceScale,
      over: (wanted) => new CoinTeacher(guidanceScale, wanted),
    };
  }

  get isGuided(): boolean {
    return true;
  }

  codebook(): tf.Tensor {
    return tf.tensor2d([[-1], [1]]);
  }

  inputs(_parameters: Parameters, codes: tf.Tensor): tf.Tensor {
    return codes;
  }

  logitsOfInputs(_parameters: Parameters, inputs: tf.Tensor, condition: Condition): tf.Tensor {
    const first = tf.sign(inputs.slice([0, 0, 0], [-1, 1, 1])).squeeze([2]);
    const heads = tf.gather(tf.tensor1d([CONDITIONAL, UNCONDITIONAL]), labelsOf(condition));
    const logits = heads.expandDims(1).mul(tf.concat([tf.onesLike(first), first], 1));
    return tf.stack([tf.zerosLike(logits), logits], 2);
  }

  guide(conditional: tf.Tensor, unconditional: tf.Tensor, scales?: tf.Tensor): tf.Tensor {
    const scale = scales?.reshape([-1, 1, 1]) ?? tf.scalar(this.sampling.guidanceScale);
    return guideByScale(conditional, unconditional, scale);
  }
}

/** A distillation of the coins with a small network, and with these settings. */
export function coinDistillation(
  guidanceScale: number,
  settings: object,
): DistillationSubject<DistillationSettings> {
  const architecture = toyArchitectureSchema.parse({
    codebook: [[-1], [1]],
    sequenceLength: 2,
    joint: [0.25, 0.25, 0.25, 0.25],
    width: 16,
    depth: 1,
    heads: 1,
  });
  const network = toyBackbone.createNetwork(architecture);
  return {
    teacher: new CoinTeacher(guidanceScale),
    teacherWeights: {},
    network,
    generator: new ArDiffusionGenerator(network),
    settings: distillationSettingsSchema.parse(settings),
  };
}
