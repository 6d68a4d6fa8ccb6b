import type * as tf from '@tensorflow/tfjs';
import {
  DiffusionHeadNetwork,
  unitCodebookSpecs,
  unitCodes,
  withoutLast,
} from '@ar-distill/backbone-kit';
import {
  classCondition,
  type Condition,
  type ConditionSpace,
  labelsOf,
  type SequenceLayout,
} from '@ar-distill/core';
import type { Parameters } from '@ar-distill/nn';
import { isQuantizerParameter, layoutOf, type LlamagenArchitecture } from './architecture';
import { backboneSpecs, classifierSpecs, inputSpecs } from './transformer/specs';
import { LlamagenTransformer } from './transformer/transformer';

/**
 * The LlamaGen transformer with its classifier replaced by a diffusion head and its embedding table
 * by an MLP of continuous code vectors (DD2, section 3.2.3). Its parameters do not depend on whether
 * the teacher has been adapted to continuous input.
 */
export class LlamagenNetwork extends DiffusionHeadNetwork {
  readonly layout: SequenceLayout;
  readonly condition: ConditionSpace;
  private readonly transformer: LlamagenTransformer;
  private readonly inputNames: ReadonlySet<string>;

  constructor(private readonly architecture: LlamagenArchitecture) {
    const input = inputSpecs(architecture, 'mlp');
    super({ ...backboneSpecs(architecture), ...input }, architecture, {
      layer: 'output',
      specs: { ...classifierSpecs(architecture), ...unitCodebookSpecs(architecture) },
      codebook: (parameters) => unitCodes(parameters).mul(architecture.codeScale),
    });
    this.layout = layoutOf(architecture);
    this.condition = classCondition(architecture.numClasses);
    this.transformer = new LlamagenTransformer(architecture);
    this.inputNames = new Set(Object.keys(input));
  }

  /** The codes, which a kept classifier emits, are the tokenizer's. */
  override isTrainable(name: string): boolean {
    return !isQuantizerParameter(name);
  }

  /** The input MLP is fresh when the teacher still has its embedding table. */
  protected override mayBeFresh(name: string): boolean {
    return this.inputNames.has(name);
  }

  features(parameters: Parameters, sequence: tf.Tensor, condition: Condition): tf.Tensor {
    const codes = withoutLast(sequence).div(this.architecture.codeScale);
    return this.transformer.features(
      parameters,
      this.transformer.classToken(parameters, labelsOf(condition)),
      this.transformer.continuousEmbedding(parameters, codes),
    );
  }
}
