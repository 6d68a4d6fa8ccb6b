import { transformerBlockSpecs } from '@ar-distill/backbone-kit';
import * as tf from '@tensorflow/tfjs';
import {
  classCondition,
  type Condition,
  type HiddenLayer,
  type SequenceLayout,
  VelocityNetwork,
} from '@ar-distill/core';
import {
  diffusionHead,
  diffusionHeadSpecs,
  diffusionHeadWithHidden,
  initializeParameters,
  layerNorm,
  layerNormSpecs,
  linear,
  parameter,
  type Parameters,
  type ParameterSpecs,
  prefixed,
} from '@ar-distill/nn';
import type { HostTensors, Rng } from '@ar-distill/program';
import type { ToyArchitecture } from './architecture';
import { toyLayout } from './layout';
import { causalBlocks, embeddingSpecs } from './transformer';

/** A small causal transformer over [start, q_1 … q_{n−1}] with a diffusion head per token. */
export class ToyNetwork extends VelocityNetwork {
  readonly layout: SequenceLayout;
  readonly condition = classCondition(1);
  readonly parameterSpecs: ParameterSpecs;
  override readonly featureWidth: number;
  override readonly hiddenLayer: HiddenLayer;

  constructor(private readonly architecture: ToyArchitecture) {
    super();
    const { width, headDepth } = architecture;
    this.featureWidth = width;
    this.hiddenLayer = {
      width,
      velocityAndHidden: (parameters, features, xT, t) =>
        diffusionHeadWithHidden(parameters, 'head', headDepth, { features, xT, t }),
    };
    this.layout = toyLayout(architecture);
    this.parameterSpecs = networkSpecs(architecture, this.layout);
  }

  isHeadParameter(name: string): boolean {
    return name.startsWith('head.');
  }

  /** A table has no weights to start from: everything is fresh. */
  initializeFromTeacher(_teacherParameters: Readonly<HostTensors>, rng: Rng): HostTensors {
    return initializeParameters(this.parameterSpecs, rng);
  }

  features(parameters: Parameters, sequence: tf.Tensor, _condition: Condition): tf.Tensor {
    const { width } = this.architecture;
    const [B, n] = sequence.shape as [number, number, number];
    const start = tf.broadcastTo(parameter(parameters, 'start').reshape([1, 1, width]), [
      B,
      1,
      width,
    ]);
    // Token i enters at position i + 1; the last one nowhere.
    const embedded = linear(parameters, 'embed', sequence);
    const shifted =
      n > 1 ? tf.concat([start, embedded.slice([0, 0, 0], [B, n - 1, width])], 1) : start;
    const x = shifted.add(parameter(parameters, 'position'));
    return layerNorm(parameters, 'norm', causalBlocks(this.architecture, parameters, x));
  }

  velocity(parameters: Parameters, features: tf.Tensor, xT: tf.Tensor, t: tf.Tensor): tf.Tensor {
    return diffusionHead(parameters, 'head', this.architecture.headDepth, { features, xT, t });
  }
}

function networkSpecs(
  { width, depth, headDepth }: ToyArchitecture,
  { channels, stepLengths }: SequenceLayout,
): ParameterSpecs {
  return {
    ...embeddingSpecs({ width, channels, length: stepLengths.length }),
    ...prefixed('norm', layerNormSpecs(width)),
    ...prefixed('head', diffusionHeadSpecs({ channels, features: width, width, depth: headDepth })),
    ...transformerBlockSpecs({ width, depth }),
  };
}
