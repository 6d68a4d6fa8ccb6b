import * as tf from '@tensorflow/tfjs';
import {
  type PositionKinds,
  TRANSFORMER_WEIGHT,
  transformerBlockSpecs,
  TwoHeadFlowMapNetwork,
} from '@ar-distill/backbone-kit';
import { classCondition, type SequenceLayout } from '@ar-distill/core';
import {
  layerNorm,
  layerNormSpecs,
  linear,
  linearSpecs,
  parameter,
  type Parameters,
  prefixed,
} from '@ar-distill/nn';
import type { HostTensors } from '@ar-distill/program';
import type { ToyArchitecture } from './architecture';
import { toyLayout } from './layout';
import { causalBlocks, embeddingSpecs } from './transformer';

/**
 * The flow-map network of the toy: its causal transformer over the start vector, in the place of a class,
 * and all n tokens, under the two heads of the released networks.
 */
export class ToyFlowMapNetwork extends TwoHeadFlowMapNetwork {
  readonly layout: SequenceLayout;
  readonly condition = classCondition(1);

  constructor(private readonly architecture: ToyArchitecture) {
    const { width, codebook, codeScale } = architecture;
    const layout = toyLayout(architecture);
    const { channels } = layout;
    const length = 1 + layout.stepLengths.length;
    const vocabSize = codebook.length;
    super(
      {
        ...embeddingSpecs({ width, channels, length }),
        ...prefixed('norm', layerNormSpecs(width)),
        ...prefixed('classifier', linearSpecs(width, vocabSize, TRANSFORMER_WEIGHT)),
        ...transformerBlockSpecs(architecture),
      },
      { channels, width, vocabSize, codeScale },
      TRANSFORMER_WEIGHT,
    );
    this.layout = layout;
  }

  /** A table has no weights to start from: everything is fresh. */
  protected takenFromTeacher(): HostTensors {
    return {};
  }

  /** The start vector, whatever the class: there is one alone. */
  protected classEmbedding(parameters: Parameters, labels: tf.Tensor): tf.Tensor {
    return tf.broadcastTo(parameter(parameters, 'start').expandDims(0), [
      labels.shape[0]!,
      this.architecture.width,
    ]);
  }

  protected hidden(
    parameters: Parameters,
    classEmbedding: tf.Tensor,
    codes: tf.Tensor,
    kinds: PositionKinds,
  ): tf.Tensor {
    const embedded = linear(parameters, 'embed', codes);
    const x = tf
      .concat([classEmbedding.expandDims(1), embedded], 1)
      .add(parameter(parameters, 'position'))
      .add(kinds.rows(kinds.table));
    return causalBlocks(this.architecture, parameters, x);
  }

  protected classify(parameters: Parameters, hidden: tf.Tensor): tf.Tensor {
    return linear(parameters, 'classifier', layerNorm(parameters, 'norm', hidden));
  }
}
