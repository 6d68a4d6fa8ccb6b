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
import { layoutOf, type VarArchitecture } from './architecture';
import { isQuantizerParameter, MultiScaleQuantizer } from './quantizer/multi-scale-quantizer';
import { transformerSpecs } from './transformer/specs';
import { VarTransformer } from './transformer/transformer';

const HEAD = 'head';

/**
 * The VAR transformer with its classifier replaced by a diffusion head (DD2, section 3.2.3). Its
 * quantiser, which turns the sequence into the transformer's input, is a frozen copy of the
 * teacher's.
 */
export class VarNetwork extends GuidanceNetwork {
  readonly layout: SequenceLayout;
  readonly numClasses: number;
  readonly parameterSpecs: ParameterSpecs;
  private readonly transformer: VarTransformer;
  private readonly quantizer: MultiScaleQuantizer;

  constructor(private readonly architecture: VarArchitecture) {
    super();
    this.layout = layoutOf(architecture);
    this.numClasses = architecture.numClasses;
    this.transformer = new VarTransformer(architecture);
    this.quantizer = new MultiScaleQuantizer(architecture);
    const head = diffusionHeadSpecs({
      channels: architecture.channels,
      features: architecture.width,
      width: architecture.headWidth ?? architecture.width,
      depth: architecture.headDepth,
    });
    this.parameterSpecs = {
      ...transformerSpecs(architecture),
      ...this.quantizer.parameterSpecs,
      ...prefixed(HEAD, head),
    };
  }

  isHeadParameter(name: string): boolean {
    return name.startsWith(`${HEAD}.`);
  }

  override isTrainable(name: string): boolean {
    return !isQuantizerParameter(name);
  }

  /** Throws an `Error` naming the parameter when the teacher's backbone has another shape. */
  initializeFromTeacher(teacherParameters: Readonly<HostTensors>, rng: Rng): HostTensors {
    const values = initializeParameters(this.parameterSpecs, rng);
    for (const [name, { shape }] of Object.entries(this.parameterSpecs)) {
      if (this.isHeadParameter(name)) continue;
      const given = teacherParameters[name];
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
    const codes = sequence.div(this.architecture.codeScale);
    const embedding = this.transformer.classEmbedding(parameters, labels);
    const inputs = this.quantizer.nextScaleInputs(parameters, codes);
    const embedded = this.transformer.embed(parameters, embedding, inputs);
    const condition = this.transformer.condition(parameters, embedding);
    return this.transformer.features(parameters, embedded, condition);
  }

  /** `t` may have axes of size 1: a timestep that is common to all tokens is embedded once. */
  velocity(parameters: Parameters, features: tf.Tensor, xT: tf.Tensor, t: tf.Tensor): tf.Tensor {
    return diffusionHead(parameters, HEAD, this.architecture.headDepth, { features, xT, t });
  }
}
