import type * as tf from '@tensorflow/tfjs';
import {
  type PositionKinds,
  teacherParameters,
  TwoHeadFlowMapNetwork,
} from '@ar-distill/backbone-kit';
import {
  classCondition,
  type ConditionSpace,
  type SequenceLayout,
  stepOfPosition,
} from '@ar-distill/core';
import {
  earlierGroupsMask,
  type Initializer,
  initializeParameters,
  joinSpecs,
  linear,
  linearSpecs,
  type Parameters,
  type ParameterSpecs,
} from '@ar-distill/nn';
import { float32, type HostTensor, type HostTensors, type Rng } from '@ar-distill/program';
import { layoutOf, type VarArchitecture } from './architecture';
import { finalNorm, transformerBlock } from './transformer/block';
import { classifierSpecs, initialStd, transformerSpecs } from './transformer/specs';
import { VarTransformer } from './transformer/transformer';

/** Per block and once after the last, a linear map of the embedding of noise or data. */
const LAYERWISE = 'layerwise_n_d_embed';

/**
 * `DD_Model` of Distilled Decoding 1 (VAR/models/dd.py of microsoft/distilled_decoding), under its names:
 * VAR's transformer over a class token, which has a scale 1×1 of its own, and all n tokens as they are,
 * without the accumulation over scales. What tells noise from data is added to the input, between
 * attention and MLP of every block, and after the last one. The released networks have all of it.
 */
export class VarFlowMapNetwork extends TwoHeadFlowMapNetwork {
  readonly layout: SequenceLayout;
  readonly condition: ConditionSpace;
  /** That of the transformer, with the class token's scale. */
  private readonly longer: VarArchitecture;
  private readonly transformer: VarTransformer;

  constructor(private readonly architecture: VarArchitecture) {
    const longer = { ...architecture, patchNums: [1, ...architecture.patchNums] };
    const { depth, width } = architecture;
    const normal: Initializer = { kind: 'normal', std: initialStd(width) };
    const layers: Record<string, ParameterSpecs> = {};
    for (let i = 0; i <= depth; i++) {
      layers[`${LAYERWISE}.${i}`] = linearSpecs(width, width, normal);
    }
    const transformer = { ...transformerSpecs(longer), ...classifierSpecs(longer) };
    super({ ...transformer, ...joinSpecs(layers) }, architecture, normal);
    this.layout = layoutOf(architecture);
    this.condition = classCondition(architecture.numClasses);
    this.longer = longer;
    this.transformer = new VarTransformer(longer);
  }

  /**
   * As `init_with_teacher` means it: the teacher's first position and level become the class token's,
   * those of the first token and of its scale are new, and all after them stay theirs.
   */
  protected takenFromTeacher(teacherWeights: Readonly<HostTensors>, rng: Rng): HostTensors {
    const taken = teacherParameters(teacherWeights, {
      ...transformerSpecs(this.architecture),
      ...classifierSpecs(this.architecture),
    });
    const { width } = this.architecture;
    const start = taken['pos_start']!;
    const withNewRow = (name: string): HostTensor => {
      const { [name]: spec } = this.parameterSpecs;
      const { shape, data } = initializeParameters({ [name]: spec! }, rng)[name]!;
      const given = taken[name]!.data;
      const rows = Float32Array.from(data);
      rows.set(given.subarray(0, width));
      rows.set(given.subarray(width), 2 * width);
      return float32(shape, rows);
    };
    return {
      ...taken,
      pos_start: float32([1, 1, width], Float32Array.from(start.data.subarray(0, width))),
      pos_1LC: withNewRow('pos_1LC'),
      'lvl_embed.weight': withNewRow('lvl_embed.weight'),
    };
  }

  protected classEmbedding(parameters: Parameters, labels: tf.Tensor): tf.Tensor {
    return this.transformer.classEmbedding(parameters, labels);
  }

  protected hidden(
    parameters: Parameters,
    classEmbedding: tf.Tensor,
    codes: tf.Tensor,
    kinds: PositionKinds,
  ): tf.Tensor {
    const { longer, transformer } = this;
    const ofLayer = (i: number): tf.Tensor =>
      kinds.rows(linear(parameters, `${LAYERWISE}.${i}`, kinds.table));
    const condition = transformer.condition(parameters, classEmbedding);
    const mask = earlierGroupsMask(stepOfPosition(layoutOf(longer)));
    let x = transformer.embed(parameters, classEmbedding, codes).add(kinds.rows(kinds.table));
    for (let i = 0; i < longer.depth; i++) {
      const context = { mask, added: ofLayer(i) };
      x = transformerBlock(longer, parameters, i, x, condition, context).output;
    }
    return x.add(ofLayer(longer.depth));
  }

  protected classify(
    parameters: Parameters,
    hidden: tf.Tensor,
    classEmbedding: tf.Tensor,
  ): tf.Tensor {
    const condition = this.transformer.condition(parameters, classEmbedding);
    return linear(parameters, 'head', finalNorm(parameters, hidden, condition));
  }
}
