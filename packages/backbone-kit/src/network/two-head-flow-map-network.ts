import * as tf from '@tensorflow/tfjs';
import { type Condition, FlowMapNetwork, type FlowMapPrediction, labelsOf } from '@ar-distill/core';
import {
  type Initializer,
  initializeParameters,
  linear,
  linearSpecs,
  modulate,
  normalize,
  parameter,
  type Parameters,
  type ParameterSpecs,
  prefixed,
} from '@ar-distill/nn';
import type { HostTensors, Rng } from '@ar-distill/program';

/** Rows [2, D] that tell noise from data, under its official name. */
const KINDS = 'n_d_embed.weight';
/** The head of code vectors (`FinalLayer`), under its official name. */
const VECTOR_HEAD = 'final_layer_conti';
const EPSILON = 1e-6;

/** What an architecture says of the two heads. */
export interface FlowMapSizes {
  /** C: channels of a token. */
  readonly channels: number;
  /** D: width of the transformer. */
  readonly width: number;
  /** V: codes. */
  readonly vocabSize: number;
  /** Factor between codes and tokens. */
  readonly codeScale: number;
}

/** Tells noise from data, position by position. */
export interface PositionKinds {
  /** The embedding's rows [2, D]: noise, data. */
  readonly table: tf.Tensor;
  /** Of any such table, the row of every position, the class token's first: [B, 1 + n, D]. */
  rows(table: tf.Tensor): tf.Tensor;
}

/**
 * The network of Distilled Decoding 1 in its released form (`DD_Model` and `DDTransformer` of
 * microsoft/distilled_decoding): a teacher's transformer over the class token, which counts as data, and
 * all n tokens, whose outputs the teacher's classifier and a second head of code vectors read. A family
 * gives the transformer; tokens reach it divided by `codeScale`, as codes do.
 */
export abstract class TwoHeadFlowMapNetwork extends FlowMapNetwork {
  readonly parameterSpecs: ParameterSpecs;
  /** V: codes that a position is scored for. */
  readonly vocabSize: number;

  /** `fresh` starts the weights that every family adds to the `transformer`'s; biases start at 0. */
  constructor(
    transformer: ParameterSpecs,
    private readonly sizes: FlowMapSizes,
    fresh: Initializer,
  ) {
    super();
    const { channels, width, vocabSize } = sizes;
    this.vocabSize = vocabSize;
    this.parameterSpecs = {
      ...transformer,
      [KINDS]: { shape: [2, width], init: fresh },
      [`${VECTOR_HEAD}.scale_shift_table`]: {
        shape: [2, width],
        init: { kind: 'normal', std: width ** -0.5 },
      },
      ...prefixed(`${VECTOR_HEAD}.linear`, linearSpecs(width, channels, fresh)),
    };
  }

  isTrainable(_name: string): boolean {
    return true;
  }

  /** Throws an `Error` naming the parameter when the teacher's transformer has another shape. */
  initializeFromTeacher(teacherWeights: Readonly<HostTensors>, rng: Rng): HostTensors {
    const taken = this.takenFromTeacher(teacherWeights, rng);
    return Object.fromEntries(
      Object.entries(this.parameterSpecs).map(([name, spec]) => [
        name,
        // Only what is needed: drawing the whole of a large network takes long.
        taken[name] ?? initializeParameters({ [name]: spec }, rng)[name]!,
      ]),
    );
  }

  /** The parameters that start as the teacher's; `rng` fills what is new in them. */
  protected abstract takenFromTeacher(teacherWeights: Readonly<HostTensors>, rng: Rng): HostTensors;

  /** Class embeddings [B, D] of `labels` [B]. */
  protected abstract classEmbedding(parameters: Parameters, labels: tf.Tensor): tf.Tensor;

  /** What the last block says of the class token and of `codes` [B, n, C] (unscaled): [B, 1 + n, D]. */
  protected abstract hidden(
    parameters: Parameters,
    classEmbedding: tf.Tensor,
    codes: tf.Tensor,
    kinds: PositionKinds,
  ): tf.Tensor;

  /** Scores [B, n, V] by the teacher's final norm and classifier of `hidden` [B, n, D]. */
  protected abstract classify(
    parameters: Parameters,
    hidden: tf.Tensor,
    classEmbedding: tf.Tensor,
  ): tf.Tensor;

  predict(
    parameters: Parameters,
    tokens: tf.Tensor,
    isData: tf.Tensor,
    condition: Condition,
  ): FlowMapPrediction {
    const { codeScale } = this.sizes;
    const classEmbedding = this.classEmbedding(parameters, labelsOf(condition));
    const all = this.hidden(
      parameters,
      classEmbedding,
      tokens.div(codeScale),
      positionKinds(parameters, isData),
    );
    const [, hidden] = tf.split(all, [1, tokens.shape[1]!], 1) as [tf.Tensor, tf.Tensor];
    return {
      logits: this.classify(parameters, hidden, classEmbedding),
      vectors: codeVectors(parameters, classEmbedding, hidden).mul(codeScale),
    };
  }
}

function positionKinds(parameters: Parameters, isData: tf.Tensor): PositionKinds {
  const [batch, length] = isData.shape as [number, number];
  const withClass = tf.concat([tf.ones([batch, 1]), isData], 1);
  const oneHot = tf.stack([tf.sub(1, withClass), withClass], 2).reshape([-1, 2]);
  return {
    table: parameter(parameters, KINDS),
    // 2-D on purpose, like every product with one matrix for all samples.
    rows: (table) => tf.matMul(oneHot, table).reshape([batch, 1 + length, table.shape[1]!]),
  };
}

/** Code vectors [B, n, C] of `hidden` [B, n, D], shifted and scaled by the class. */
function codeVectors(
  parameters: Parameters,
  classEmbedding: tf.Tensor,
  hidden: tf.Tensor,
): tf.Tensor {
  const table = parameter(parameters, `${VECTOR_HEAD}.scale_shift_table`);
  const [shift, scale] = tf
    .split(table, 2, 0)
    .map((row) => classEmbedding.add(row).expandDims(1)) as [tf.Tensor, tf.Tensor];
  const normalized = modulate(normalize(hidden, EPSILON), shift, scale);
  return linear(parameters, `${VECTOR_HEAD}.linear`, normalized);
}
