import {
  blockCausalMask,
  geluTanh,
  linear,
  parameter,
  rmsNorm,
  type Parameters,
} from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import type { LlamagenArchitecture } from '../architecture';
import { transformerBlock, type BlockContext } from './block';
import { rotaryTable } from './rotary-table';

/** The LlamaGen transformer (gpt.py, c2i) up to its final norm, as functions of its parameters. */
export class LlamagenTransformer {
  constructor(private readonly architecture: LlamagenArchitecture) {}

  /** Class token [B, 1, D] of `labels` [B]; the label `numClasses` stands for no class. */
  classToken(parameters: Parameters, labels: tf.Tensor): tf.Tensor {
    const table = parameter(parameters, 'cls_embedding.embedding_table.weight');
    return tf.gather(table, labels.toInt()).expandDims(1);
  }

  /** Embeddings [..., D] of `tokens` [...] int32 by the official table. */
  tokenEmbedding(parameters: Parameters, tokens: tf.Tensor): tf.Tensor {
    return tf.gather(parameter(parameters, 'tok_embeddings.weight'), tokens.toInt());
  }

  /** Embeddings [..., D] of continuous code vectors [..., C] (unscaled). */
  continuousEmbedding(parameters: Parameters, codes: tf.Tensor): tf.Tensor {
    const hidden = geluTanh(linear(parameters, 'continuous_embedding.fc1', codes));
    return linear(parameters, 'continuous_embedding.fc2', hidden);
  }

  /**
   * Features [B, n, D] from `classToken` [B, 1, D] and the embeddings [B, n − 1, D] of all tokens but
   * the last, under a causal mask.
   */
  features(parameters: Parameters, classToken: tf.Tensor, embeddings: tf.Tensor): tf.Tensor {
    return this.norm(parameters, this.hidden(parameters, tf.concat([classToken, embeddings], 1)));
  }

  /**
   * What the last block says of `x` [B, T, D], the class token and the tokens after it, under a causal
   * mask.
   */
  hidden(parameters: Parameters, x: tf.Tensor): tf.Tensor {
    const { heads, keyValueHeads = heads } = this.architecture;
    const length = x.shape[1]!;
    const positions = Array.from({ length }, (_, i) => i);
    const queries = new Array<number[]>(heads / keyValueHeads).fill(positions).flat();
    const { cos, sin } = rotaryTable(this.architecture);
    const rows = (table: tf.Tensor2D): tf.Tensor2D => table.slice([0, 0], [length, -1]);
    return this.blocks(parameters, x, {
      rotary: { cos: rows(cos), sin: rows(sin) },
      mask: blockCausalMask(queries, positions),
    });
  }

  /** All blocks and the final norm on `x` [B, T, D]. */
  run(parameters: Parameters, x: tf.Tensor, context: BlockContext): tf.Tensor {
    return this.norm(parameters, this.blocks(parameters, x, context));
  }

  /** The norm before the classifier or the diffusion head. */
  norm(parameters: Parameters, hidden: tf.Tensor): tf.Tensor {
    return rmsNorm(parameters, 'norm', hidden, this.architecture.normEpsilon);
  }

  private blocks(parameters: Parameters, x: tf.Tensor, context: BlockContext): tf.Tensor {
    let hidden = x;
    for (let layer = 0; layer < this.architecture.depth; layer++) {
      hidden = transformerBlock(this.architecture, parameters, layer, hidden, context);
    }
    return hidden;
  }
}
