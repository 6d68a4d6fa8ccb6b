import type * as tf from '@tensorflow/tfjs';
import type { Parameters, ParameterSpecs } from '@ar-distill/nn';
import type { HostTensors, Rng } from '@ar-distill/program';
import type { Condition, ConditionSpace } from './condition';
import type { SequenceLayout } from './sequence-layout';

/** What a flow-map network says of every position. */
export interface FlowMapPrediction {
  /** Scores [B, n, V] of the codes, from the teacher's classifier. */
  readonly logits: tf.Tensor;
  /** Continuous code vectors [B, n, C], scaled. */
  readonly vectors: tf.Tensor;
}

/**
 * The network of Distilled Decoding 1 (arXiv 2412.17153): it reads all n tokens, each noise or data, and
 * says at every position, noise or not, what the flow-matching ODE of the teacher maps its noise to. A
 * position sees itself and earlier AR steps.
 */
export abstract class FlowMapNetwork {
  abstract readonly layout: SequenceLayout;
  abstract readonly condition: ConditionSpace;
  abstract readonly parameterSpecs: ParameterSpecs;
  /** V: codes that a position is scored for. */
  abstract readonly vocabSize: number;

  /** Whether gradients train the parameter; false for frozen parts that the inputs pass through. */
  abstract isTrainable(name: string): boolean;

  /** The weights to start from: the teacher's, and random ones for what it has not. */
  abstract initializeFromTeacher(teacherWeights: Readonly<HostTensors>, rng: Rng): HostTensors;

  /**
   * `tokens` [B, n, C], scaled: noise ~ N(0, I), or code vectors where `isData` [B, n] is 1 and not 0;
   * data are whole AR steps, from the first on.
   */
  abstract predict(
    parameters: Parameters,
    tokens: tf.Tensor,
    isData: tf.Tensor,
    condition: Condition,
  ): FlowMapPrediction;
}
