import type { Parameters, ParameterSpecs } from '@ar-distill/nn';
import { float32, type HostTensors, type Rng, type TensorSpec } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import { flowMapLosses } from '../../losses/flow-map-loss';
import { conditionOf } from '../../model/condition';
import type { FlowMapNetwork } from '../../model/flow-map-network';
import { sequenceLength, stepOfPosition } from '../../model/sequence-layout';
import type { SupervisedTask, TaskLoss } from '../../optimization/supervised-task';
import { pairSpecs } from '../flow-map-pairs';
import type { Dd1Settings } from './dd1-settings';

/** What a batch of pairs holds beside the condition. */
type PairTensors = Record<'noise' | 'sequence' | 'tokens', tf.Tensor>;

/**
 * Training of a flow-map network on pairs of noise and the sequence that it is mapped to. Where there is a
 * second evaluation, every sequence is seen as one of the two sees it, at random: all noise, or with the
 * codes of the AR steps before `secondStart` as data.
 */
export class FlowMapTask implements SupervisedTask {
  readonly parameterSpecs: ParameterSpecs;

  constructor(
    private readonly network: FlowMapNetwork,
    private readonly settings: Dd1Settings,
  ) {
    this.parameterSpecs = network.parameterSpecs;
  }

  isTrainable(name: string): boolean {
    return this.network.isTrainable(name);
  }

  batchSpecs(batchSize: number): Record<string, TensorSpec> {
    return pairSpecs(this.network, batchSize);
  }

  noiseSpecs(batchSize: number): Record<string, TensorSpec> {
    const n = sequenceLength(this.network.layout);
    return { isData: { shape: [batchSize, n], dtype: 'float32' } };
  }

  drawNoise(rng: Rng, iteration: number, batchSize: number): HostTensors {
    const steps = stepOfPosition(this.network.layout);
    const { secondStart } = this.settings;
    const isSecond =
      secondStart === undefined
        ? new Int32Array(batchSize)
        : rng.integers('flow-map-training/evaluations', iteration, batchSize, 2);
    const isData = Array.from(isSecond, (second) =>
      steps.map((step) => (second && step < secondStart! ? 1 : 0)),
    );
    return { isData: float32([batchSize, steps.length], Float32Array.from(isData.flat())) };
  }

  evaluate(parameters: Parameters, batch: Readonly<Record<string, tf.Tensor>>): TaskLoss {
    const { noise, sequence, tokens } = batch as PairTensors;
    const isData = batch['isData']!;
    const { tokenWeight, vectorWeight } = this.settings;
    const read = tf.where(isData.expandDims(-1).equal(1), sequence, noise);
    const prediction = this.network.predict(parameters, read, isData, conditionOf(batch));
    const metrics = flowMapLosses(prediction, { tokens, codes: sequence, isData });
    const loss = metrics.crossEntropy.mul(tokenWeight).add(metrics.vectorError.mul(vectorWeight));
    return { loss, metrics: { ...metrics } };
  }
}
