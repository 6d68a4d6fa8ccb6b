import * as tf from '@tensorflow/tfjs';
import {
  classCondition,
  type Condition,
  type HiddenLayer,
  type SequenceLayout,
  VelocityNetwork,
} from '@ar-distill/core';
import {
  attention,
  blockCausalMask,
  diffusionHead,
  diffusionHeadSpecs,
  diffusionHeadWithHidden,
  geluTanh,
  initializeParameters,
  type Initializer,
  layerNorm,
  layerNormSpecs,
  linear,
  linearSpecs,
  mergeHeads,
  parameter,
  type Parameters,
  type ParameterSpecs,
  prefixed,
  splitHeads,
} from '@ar-distill/nn';
import type { HostTensors, Rng } from '@ar-distill/program';
import type { ToyArchitecture } from './architecture';
import { toyLayout } from './layout';

const WEIGHT: Initializer = { kind: 'normal', std: 0.02 };
const MLP_RATIO = 4;

/** A small causal transformer over [start, q_1 … q_{n−1}] with a diffusion head per token. */
export class ToyNetwork extends VelocityNetwork {
  readonly layout: SequenceLayout;
  readonly condition = classCondition(1);
  readonly parameterSpecs: ParameterSpecs;
  override readonly hiddenLayer: HiddenLayer;

  constructor(private readonly architecture: ToyArchitecture) {
    super();
    const { width, headDepth } = architecture;
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
    const { width, depth, heads } = this.architecture;
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
    let x = shifted.add(parameter(parameters, 'position'));
    const steps = Array.from({ length: n }, (_, position) => position);
    const mask = blockCausalMask(steps, steps);
    for (let i = 0; i < depth; i++) {
      const block = `blocks.${i}`;
      const qkv = linear(parameters, `${block}.qkv`, layerNorm(parameters, `${block}.norm1`, x));
      const [q, k, v] = tf.split(qkv, 3, -1).map((part) => splitHeads(part, heads));
      const attended = attention(q!, k!, v!, { scale: (width / heads) ** -0.5, mask });
      x = x.add(linear(parameters, `${block}.proj`, mergeHeads(attended, heads)));
      const normalized = layerNorm(parameters, `${block}.norm2`, x);
      const hidden = geluTanh(linear(parameters, `${block}.fc1`, normalized));
      x = x.add(linear(parameters, `${block}.fc2`, hidden));
    }
    return layerNorm(parameters, 'norm', x);
  }

  velocity(parameters: Parameters, features: tf.Tensor, xT: tf.Tensor, t: tf.Tensor): tf.Tensor {
    return diffusionHead(parameters, 'head', this.architecture.headDepth, { features, xT, t });
  }
}

function networkSpecs(
  { width, depth, headDepth }: ToyArchitecture,
  { channels, stepLengths }: SequenceLayout,
): ParameterSpecs {
  const specs: Record<string, ParameterSpecs[string]> = {
    start: { shape: [width], init: WEIGHT },
    position: { shape: [stepLengths.length, width], init: WEIGHT },
    ...prefixed('embed', linearSpecs(channels, width, { kind: 'normal', std: channels ** -0.5 })),
    ...prefixed('norm', layerNormSpecs(width)),
    ...prefixed('head', diffusionHeadSpecs({ channels, features: width, width, depth: headDepth })),
  };
  for (let i = 0; i < depth; i++) {
    Object.assign(
      specs,
      prefixed(`blocks.${i}`, {
        ...prefixed('norm1', layerNormSpecs(width)),
        ...prefixed('qkv', linearSpecs(width, 3 * width, WEIGHT)),
        ...prefixed('proj', linearSpecs(width, width, WEIGHT)),
        ...prefixed('norm2', layerNormSpecs(width)),
        ...prefixed('fc1', linearSpecs(width, MLP_RATIO * width, WEIGHT)),
        ...prefixed('fc2', linearSpecs(MLP_RATIO * width, width, WEIGHT)),
      }),
    );
  }
  return specs;
}
