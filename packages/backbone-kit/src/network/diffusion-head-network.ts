import type * as tf from '@tensorflow/tfjs';
import { type HiddenLayer, VelocityNetwork } from '@ar-distill/core';
import {
  diffusionHead,
  diffusionHeadSpecs,
  diffusionHeadWithHidden,
  initializeParameters,
  type Parameters,
  type ParameterSpecs,
  prefixed,
} from '@ar-distill/nn';
import type { HostTensors, Rng } from '@ar-distill/program';
import { teacherParameter } from './teacher-parameter';

const HEAD = 'head';

/** What an architecture says of the head. */
export interface HeadedSizes {
  /** C: channels of a token. */
  readonly channels: number;
  /** D: width of the backbone's features. */
  readonly width: number;
  /** Width of the head; the backbone's when left out. */
  readonly headWidth?: number | undefined;
  /** Residual blocks of the head. */
  readonly headDepth: number;
}

/**
 * A teacher's backbone with MAR's diffusion head in place of its classifier (DD2, section 3.2.3). A
 * family gives the backbone's parameters, named as in its teacher, and its features.
 */
export abstract class DiffusionHeadNetwork extends VelocityNetwork {
  /** The backbone and, below `head.`, the head. */
  readonly parameterSpecs: ParameterSpecs;
  override readonly featureWidth: number;
  override readonly hiddenLayer: HiddenLayer;
  private readonly headDepth: number;

  constructor(backboneSpecs: ParameterSpecs, sizes: HeadedSizes) {
    super();
    const { channels, width, headWidth = width, headDepth } = sizes;
    this.headDepth = headDepth;
    this.featureWidth = width;
    const head = { channels, features: width, width: headWidth, depth: headDepth };
    this.parameterSpecs = { ...backboneSpecs, ...prefixed(HEAD, diffusionHeadSpecs(head)) };
    this.hiddenLayer = {
      width: headWidth,
      velocityAndHidden: (parameters, features, xT, t) =>
        diffusionHeadWithHidden(parameters, HEAD, headDepth, { features, xT, t }),
    };
  }

  isHeadParameter(name: string): boolean {
    return name.startsWith(`${HEAD}.`);
  }

  /** Whether a parameter of the backbone may be fresh, where the teacher has nothing of that name. */
  protected mayBeFresh(_name: string): boolean {
    return false;
  }

  /** Throws an `Error` naming the parameter when the teacher's backbone has another shape. */
  initializeFromTeacher(teacherParameters: Readonly<HostTensors>, rng: Rng): HostTensors {
    const values: HostTensors = {};
    for (const [name, spec] of Object.entries(this.parameterSpecs)) {
      const isHead = this.isHeadParameter(name);
      if (isHead || (this.mayBeFresh(name) && !teacherParameters[name])) {
        // Only what is needed: drawing the whole of a large network takes long.
        Object.assign(values, initializeParameters({ [name]: spec }, rng));
      } else {
        values[name] = teacherParameter(teacherParameters, name, spec.shape);
      }
    }
    return values;
  }

  /** `t` may have axes of size 1: a timestep that is common to all tokens is embedded once. */
  velocity(parameters: Parameters, features: tf.Tensor, xT: tf.Tensor, t: tf.Tensor): tf.Tensor {
    return diffusionHead(parameters, HEAD, this.headDepth, { features, xT, t });
  }
}
