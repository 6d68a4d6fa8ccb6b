import {
  type Condition,
  conditionOf,
  conditionSpecs,
  sequenceLength,
  type VelocityNetwork,
} from '@ar-distill/core';
import type { SupervisedTask, TaskLoss } from '@ar-distill/core/optimization';
import type { Parameters, ParameterSpecs } from '@ar-distill/nn';
import type { TensorSpec } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';

const TIME = 0.5;

/** Velocity matching in its simplest form: one timestep, clean `sequence` and `noise` [B, n, C]. */
export class VelocityTask implements SupervisedTask {
  readonly parameterSpecs: ParameterSpecs;

  constructor(private readonly network: VelocityNetwork) {
    this.parameterSpecs = network.parameterSpecs;
  }

  isTrainable(name: string): boolean {
    return this.network.isTrainable(name);
  }

  batchSpecs(batchSize: number): Readonly<Record<string, TensorSpec>> {
    const { layout, condition } = this.network;
    const shape = [batchSize, sequenceLength(layout), layout.channels];
    return {
      sequence: { shape, dtype: 'float32' },
      noise: { shape, dtype: 'float32' },
      ...conditionSpecs(condition, [batchSize]),
    };
  }

  evaluate(parameters: Parameters, batch: Readonly<Record<string, tf.Tensor>>): TaskLoss {
    const { sequence, noise } = batch as { sequence: tf.Tensor; noise: tf.Tensor };
    const condition: Condition = conditionOf(batch);
    const features = this.network.features(parameters, sequence, condition);
    const xT = sequence.mul(1 - TIME).add(noise.mul(TIME));
    const velocity = this.network.velocity(
      parameters,
      features,
      xT.expandDims(0),
      tf.fill([1, 1, 1], TIME),
    );
    const loss = velocity.sub(noise.sub(sequence)).square().mean();
    return { loss, metrics: { loss } };
  }
}
