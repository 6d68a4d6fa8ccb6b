import { GuidanceNetwork, type Rng, type SequenceLayout } from '@ar-distill/core';
import {
  diffusionHead,
  diffusionHeadSpecs,
  initializeParameters,
  prefixed,
  type HostTensors,
  type Parameters,
  type ParameterSpecs,
} from '@ar-distill/nn';
import type * as tf from '@tensorflow/tfjs';
import { layoutOf, type LlamagenArchitecture } from './architecture';
import { backboneSpecs, inputSpecs } from './transformer/specs';
import { LlamagenTransformer, withoutLast } from './transformer/transformer';

const HEAD = 'head';

/**
 * The LlamaGen transformer with its classifier replaced by a diffusion head and its embedding table
 * by an MLP of continuous code vectors (DD2, section 3.2.3). Its parameters do not depend on whether
 * the teacher has been adapted to continuous input.
 */
export class LlamagenNetwork extends GuidanceNetwork {
  readonly layout: SequenceLayout;
  readonly numClasses: number;
  readonly parameterSpecs: ParameterSpecs;
  private readonly transformer: LlamagenTransformer;
  private readonly inputNames: ReadonlySet<string>;

  constructor(private readonly architecture: LlamagenArchitecture) {
    super();
    this.layout = layoutOf(architecture);
    this.numClasses = architecture.numClasses;
    this.transformer = new LlamagenTransformer(architecture);
    const input = inputSpecs(architecture, 'mlp');
    this.inputNames = new Set(Object.keys(input));
    const head = diffusionHeadSpecs({
      channels: architecture.channels,
      features: architecture.width,
      width: architecture.headWidth ?? architecture.width,
      depth: architecture.headDepth,
    });
    this.parameterSpecs = {
      ...backboneSpecs(architecture),
      ...input,
      ...prefixed(HEAD, head),
    };
  }

  isHeadParameter(name: string): boolean {
    return name.startsWith(`${HEAD}.`);
  }

  /**
   * The input MLP is fresh when the teacher still has its embedding table. Throws an `Error` naming
   * the parameter when the teacher's backbone has another shape.
   */
  initializeFromTeacher(teacherParameters: Readonly<HostTensors>, rng: Rng): HostTensors {
    const values = initializeParameters(this.parameterSpecs, rng);
    for (const [name, { shape }] of Object.entries(this.parameterSpecs)) {
      if (this.isHeadParameter(name)) continue;
      const given = teacherParameters[name];
      if (!given && this.inputNames.has(name)) continue;
      if (!given || given.shape.join() !== shape.join()) {
        throw new Error(
          `The teacher's "${name}" is ${given ? `[${given.shape.join(', ')}]` : 'missing'} but the ` +
            `architecture needs [${shape.join(', ')}]: use the architecture of the teacher.`,
        );
      }
      values[name] = given;
    }
    return values;
  }

  features(parameters: Parameters, sequence: tf.Tensor, labels: tf.Tensor): tf.Tensor {
    const codes = withoutLast(sequence).div(this.architecture.codeScale);
    return this.transformer.features(
      parameters,
      this.transformer.classToken(parameters, labels),
      this.transformer.continuousEmbedding(parameters, codes),
    );
  }

  /** `t` may have axes of size 1: a timestep that is common to all tokens is embedded once. */
  velocity(parameters: Parameters, features: tf.Tensor, xT: tf.Tensor, t: tf.Tensor): tf.Tensor {
    return diffusionHead(parameters, HEAD, this.architecture.headDepth, { features, xT, t });
  }
}
