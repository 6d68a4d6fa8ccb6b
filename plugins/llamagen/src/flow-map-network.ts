import * as tf from '@tensorflow/tfjs';
import {
  type PositionKinds,
  teacherParameters,
  TwoHeadFlowMapNetwork,
} from '@ar-distill/backbone-kit';
import { classCondition, type ConditionSpace, type SequenceLayout } from '@ar-distill/core';
import {
  linear,
  linearSpecs,
  type Parameters,
  type ParameterSpecs,
  prefixed,
} from '@ar-distill/nn';
import type { HostTensors } from '@ar-distill/program';
import { layoutOf, type LlamagenArchitecture } from './architecture';
import { backboneSpecs, classifierSpecs, NORMAL } from './transformer/specs';
import { LlamagenTransformer } from './transformer/transformer';

/** A linear embedding of code vectors, where teachers have the embedding table of that name. */
const TOKEN_EMBEDDING = 'tok_embeddings';

/**
 * `DDTransformer` of Distilled Decoding 1 (LlamaGen/autoregressive/models/dd.py of
 * microsoft/distilled_decoding), under its names: LlamaGen's transformer over the class token and a linear
 * embedding of all n tokens, to which the embedding of noise or data is added. The second head reads the
 * last block before the final norm.
 */
export class LlamagenFlowMapNetwork extends TwoHeadFlowMapNetwork {
  readonly layout: SequenceLayout;
  readonly condition: ConditionSpace;
  private readonly transformer: LlamagenTransformer;
  private readonly teacherSpecs: ParameterSpecs;

  constructor(architecture: LlamagenArchitecture) {
    const { channels, width } = architecture;
    const teacherSpecs = { ...backboneSpecs(architecture), ...classifierSpecs(architecture) };
    const embedding = prefixed(TOKEN_EMBEDDING, linearSpecs(channels, width, NORMAL));
    super({ ...teacherSpecs, ...embedding }, architecture, NORMAL);
    this.layout = layoutOf(architecture);
    this.condition = classCondition(architecture.numClasses);
    this.transformer = new LlamagenTransformer(architecture);
    this.teacherSpecs = teacherSpecs;
  }

  /** Its embedding of tokens has another shape, or is an MLP, and is not among them. */
  protected takenFromTeacher(teacherWeights: Readonly<HostTensors>): HostTensors {
    return teacherParameters(teacherWeights, this.teacherSpecs);
  }

  protected classEmbedding(parameters: Parameters, labels: tf.Tensor): tf.Tensor {
    return this.transformer.classToken(parameters, labels).squeeze([1]);
  }

  protected hidden(
    parameters: Parameters,
    classEmbedding: tf.Tensor,
    codes: tf.Tensor,
    kinds: PositionKinds,
  ): tf.Tensor {
    const embedded = linear(parameters, TOKEN_EMBEDDING, codes);
    const x = tf.concat([classEmbedding.expandDims(1), embedded], 1).add(kinds.rows(kinds.table));
    return this.transformer.hidden(parameters, x);
  }

  protected classify(parameters: Parameters, hidden: tf.Tensor): tf.Tensor {
    return linear(parameters, 'output', this.transformer.norm(parameters, hidden));
  }
}
