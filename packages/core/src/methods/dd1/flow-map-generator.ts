import type { HostTensors } from '@ar-distill/program';
import { parameter, type Parameters, type ParameterSpecs } from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import type { Condition, ConditionSpace } from '../../model/condition';
import type { FlowMapNetwork } from '../../model/flow-map-network';
import type { SequenceGenerator } from '../../model/one-step-generator';
import type { SequenceLayout } from '../../model/sequence-layout';
import { CODEBOOK, emissionSpecs, IS_CODE, IS_KEPT } from './emission';

/**
 * A trained flow-map network as a generator (Distilled Decoding 1): every position emits the code of the
 * highest score or the continuous vector. Which, the codes, and where a second evaluation starts stand
 * among its weights (`flowMapEmission`), so that a file of it needs no settings.
 */
export class FlowMapGenerator implements SequenceGenerator {
  readonly layout: SequenceLayout;
  readonly condition: ConditionSpace;
  readonly parameterSpecs: ParameterSpecs;

  constructor(private readonly network: FlowMapNetwork) {
    const { layout, condition, vocabSize, parameterSpecs } = network;
    this.layout = layout;
    this.condition = condition;
    this.parameterSpecs = { ...parameterSpecs, ...emissionSpecs(layout, vocabSize) };
  }

  generate(parameters: Parameters, noise: tf.Tensor, condition: Condition): tf.Tensor {
    return this.emit(parameters, noise, tf.zeros(noise.shape.slice(0, 2)), condition);
  }

  isTrainedForTwo(weights: Readonly<HostTensors>): boolean {
    return weights[IS_KEPT]!.data.some((kept) => kept === 1);
  }

  /**
   * As `generate`, with a second evaluation that reads what the first AR steps have emitted as data, and the
   * same noise from there on; what is read as data stays as it is.
   */
  generateInTwo(parameters: Parameters, noise: tf.Tensor, condition: Condition): tf.Tensor {
    const isKept = parameter(parameters, IS_KEPT);
    const first = this.generate(parameters, noise, condition);
    const isData = tf.broadcastTo(isKept, noise.shape.slice(0, 2));
    const second = this.emit(parameters, blend(first, noise, isKept), isData, condition);
    return blend(first, second, isKept);
  }

  /** What one evaluation emits, [B, n, C]: codes at the positions of the first AR steps, vectors at others. */
  private emit(
    parameters: Parameters,
    tokens: tf.Tensor,
    isData: tf.Tensor,
    condition: Condition,
  ): tf.Tensor {
    const { logits, vectors } = this.network.predict(parameters, tokens, isData, condition);
    const codes = tf.gather(parameter(parameters, CODEBOOK), logits.argMax(-1));
    return blend(codes, vectors, parameter(parameters, IS_CODE));
  }
}

/** `chosen` [B, n, C] at positions where `mask` [n] is 1, `others` where it is 0; NaN of either stays NaN. */
function blend(chosen: tf.Tensor, others: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  const weights = mask.expandDims(-1);
  return chosen.mul(weights).add(others.mul(tf.sub(1, weights)));
}
