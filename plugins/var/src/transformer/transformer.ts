import { stepOfPosition, type SequenceLayout } from '@ar-distill/core';
import {
  blockCausalMask,
  linear,
  parameter,
  silu,
  type KeysAndValues,
  type Parameters,
} from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import { layoutOf, type VarArchitecture } from '../architecture';
import { finalNorm, transformerBlock, type Condition } from './block';

/** The VAR transformer (var.py) up to the norm before its head, as functions of its parameters. */
export class VarTransformer {
  private readonly layout: SequenceLayout;

  constructor(private readonly architecture: VarArchitecture) {
    this.layout = layoutOf(architecture);
  }

  /** Class embeddings [B, D] of `labels` [B]; the label `numClasses` stands for no class. */
  classEmbedding(parameters: Parameters, labels: tf.Tensor): tf.Tensor {
    return tf.gather(parameter(parameters, 'class_emb.weight'), labels.toInt());
  }

  /** What the adaLN layers read, from class embeddings [B, D]. */
  condition(parameters: Parameters, classEmbedding: tf.Tensor): Condition {
    const activated = silu(classEmbedding);
    if (!this.architecture.sharedAdaLn) return { activated };
    const shape = [classEmbedding.shape[0]!, 1, 6, this.architecture.width];
    return {
      activated,
      shared: linear(parameters, 'shared_ada_lin.1', activated).reshape(shape),
    };
  }

  /**
   * Input of the first block at all positions, [B, n, D]: class and start embedding at scale 1, the
   * word embedding of `nextScaleInputs` [B, n − p₁², C] after it, plus position and level.
   */
  embed(parameters: Parameters, classEmbedding: tf.Tensor, nextScaleInputs: tf.Tensor): tf.Tensor {
    const start = this.startTokens(parameters, classEmbedding);
    const words = linear(parameters, 'word_embed', nextScaleInputs);
    return tf.concat([start, words], 1).add(this.positions(parameters));
  }

  /** Tokens of scale 1 before position and level are added, [B, p₁², D]. */
  startTokens(parameters: Parameters, classEmbedding: tf.Tensor): tf.Tensor {
    return classEmbedding.expandDims(1).add(parameter(parameters, 'pos_start'));
  }

  /** Position plus level embedding, [1, n, D]. */
  positions(parameters: Parameters): tf.Tensor {
    const levels = parameter(parameters, 'lvl_embed.weight');
    const rows = tf.oneHot(
      tf.tensor1d(stepOfPosition(this.layout), 'int32'),
      this.layout.stepLengths.length,
      1,
      0,
      'float32',
    );
    // A product with a constant one-hot matrix: the gradient of a gather would scatter.
    return parameter(parameters, 'pos_1LC').add(tf.matMul(rows, levels));
  }

  /**
   * Features [B, n, D] before the head of `labels` [B] and `nextScaleInputs` [B, n − p₁², C], with
   * the block-causal mask over scales.
   */
  featuresOfInputs(
    parameters: Parameters,
    nextScaleInputs: tf.Tensor,
    labels: tf.Tensor,
  ): tf.Tensor {
    const classEmbedding = this.classEmbedding(parameters, labels);
    const embedded = this.embed(parameters, classEmbedding, nextScaleInputs);
    const condition = this.condition(parameters, classEmbedding);
    const steps = stepOfPosition(this.layout);
    return this.run(parameters, embedded, condition, { mask: blockCausalMask(steps, steps) })
      .features;
  }

  /** All blocks and the final norm on `x` [B, T, D], with the positions in `caches` before them. */
  run(
    parameters: Parameters,
    x: tf.Tensor,
    condition: Condition,
    context: { readonly mask?: tf.Tensor; readonly caches?: readonly KeysAndValues[] },
  ): { readonly features: tf.Tensor; readonly caches: readonly KeysAndValues[] } {
    const caches: KeysAndValues[] = [];
    let hidden = x;
    for (let i = 0; i < this.architecture.depth; i++) {
      const cache = context.caches?.[i];
      const block = transformerBlock(this.architecture, parameters, i, hidden, condition, {
        ...(context.mask ? { mask: context.mask } : {}),
        ...(cache ? { cache } : {}),
      });
      hidden = block.output;
      caches.push(block.cache);
    }
    return { features: finalNorm(parameters, hidden, condition), caches };
  }
}
