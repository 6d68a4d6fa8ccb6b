import { float32, type HostTensor, type HostTensors } from '@ar-distill/program';
import { parameter, type Parameters, type ParameterSpecs } from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import type { Condition, ConditionSpace } from '../../model/condition';
import type { FlowMapNetwork } from '../../model/flow-map-network';
import type { SequenceGenerator } from '../../model/one-step-generator';
import { type SequenceLayout, sequenceLength, stepOfPosition } from '../../model/sequence-layout';

/** Names of what the generator keeps beside the network's weights. */
const CODEBOOK = 'emitted.codebook';
const IS_CODE = 'emitted.isCode';

/**
 * A trained flow-map network as a generator (Distilled Decoding 1): every position emits the code of the
 * highest score or the continuous vector. Which, and the codes, stand among its weights, so that a file of
 * it needs no settings.
 */
export class FlowMapGenerator implements SequenceGenerator {
  readonly layout: SequenceLayout;
  readonly condition: ConditionSpace;
  readonly parameterSpecs: ParameterSpecs;

  constructor(private readonly network: FlowMapNetwork) {
    const { layout, condition, vocabSize, parameterSpecs } = network;
    this.layout = layout;
    this.condition = condition;
    this.parameterSpecs = {
      ...parameterSpecs,
      [CODEBOOK]: { shape: [vocabSize, layout.channels], init: { kind: 'zeros' } },
      [IS_CODE]: { shape: [sequenceLength(layout)], init: { kind: 'zeros' } },
    };
  }

  /**
   * The weights of the generator, made of the network's.
   * @param codebook scaled codes [V, C].
   * @param codeSteps the first AR steps, which emit codes.
   */
  weightsOf(network: Readonly<HostTensors>, codebook: HostTensor, codeSteps: number): HostTensors {
    const isCode = stepOfPosition(this.layout).map((step) => (step < codeSteps ? 1 : 0));
    return {
      ...network,
      [CODEBOOK]: codebook,
      [IS_CODE]: float32([isCode.length], Float32Array.from(isCode)),
    };
  }

  generate(parameters: Parameters, noise: tf.Tensor, condition: Condition): tf.Tensor {
    const [batch, length] = noise.shape as [number, number, number];
    const { codes, vectors } = this.read(parameters, noise, tf.zeros([batch, length]), condition);
    return blend(codes, vectors, parameter(parameters, IS_CODE));
  }

  /**
   * As `generate`, with a second evaluation that reads the codes of the AR steps before `secondStart` as
   * data, and the same noise from there on; these codes are emitted as they are.
   */
  generateTwice(
    parameters: Parameters,
    noise: tf.Tensor,
    condition: Condition,
    secondStart: number,
  ): tf.Tensor {
    const [batch, length] = noise.shape as [number, number, number];
    const isBefore = stepOfPosition(this.layout).map((step) => (step < secondStart ? 1 : 0));
    const isKept = tf.tensor1d(isBefore, 'float32');
    const first = this.read(parameters, noise, tf.zeros([batch, length]), condition);
    const tokens = blend(first.codes, noise, isKept);
    const isData = tf.broadcastTo(isKept, [batch, length]);
    const second = this.read(parameters, tokens, isData, condition);
    const emitted = blend(second.codes, second.vectors, parameter(parameters, IS_CODE));
    return blend(first.codes, emitted, isKept);
  }

  /** One evaluation: the codes of the highest scores and the vectors, [B, n, C] each. */
  private read(
    parameters: Parameters,
    tokens: tf.Tensor,
    isData: tf.Tensor,
    condition: Condition,
  ): Record<'codes' | 'vectors', tf.Tensor> {
    const { logits, vectors } = this.network.predict(parameters, tokens, isData, condition);
    const codes = tf.gather(parameter(parameters, CODEBOOK), logits.argMax(-1));
    return { codes, vectors };
  }
}

/** `chosen` [B, n, C] at positions where `mask` [n] is 1, `others` where it is 0; NaN of either stays NaN. */
function blend(chosen: tf.Tensor, others: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  const weights = mask.expandDims(-1);
  return chosen.mul(weights).add(others.mul(tf.sub(1, weights)));
}
