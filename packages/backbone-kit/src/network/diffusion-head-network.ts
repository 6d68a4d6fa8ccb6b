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
import { classifierVelocity, type KeptClassifier } from './kept-classifier';
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
  /** Whether the teacher's classifier stands in the head's place. */
  readonly keepClassifier?: boolean | undefined;
}

/**
 * A teacher's backbone with MAR's diffusion head in place of its classifier (DD2, section 3.2.3), or with
 * that classifier kept. A family gives the backbone's parameters, named as in its teacher, and its features.
 */
export abstract class DiffusionHeadNetwork extends VelocityNetwork {
  /** The backbone and, below `head.`, the head; the classifier under its own names. */
  readonly parameterSpecs: ParameterSpecs;
  override readonly featureWidth: number;
  override readonly hiddenLayer: HiddenLayer | undefined;
  private readonly headDepth: number;
  private readonly kept: KeptClassifier | undefined;

  /**
   * @param classifier what is kept where the sizes say so.
   * @throws Error when they do, and there is none.
   */
  constructor(backboneSpecs: ParameterSpecs, sizes: HeadedSizes, classifier?: KeptClassifier) {
    super();
    const { channels, width, headWidth = width, headDepth, keepClassifier } = sizes;
    this.headDepth = headDepth;
    this.featureWidth = width;
    if (keepClassifier && !classifier) {
      throw new Error(
        'The networks of this backbone keep no classifier: leave keepClassifier out.',
      );
    }
    this.kept = keepClassifier ? classifier : undefined;
    const head = { channels, features: width, width: headWidth, depth: headDepth };
    this.parameterSpecs = {
      ...backboneSpecs,
      ...(this.kept?.specs ?? prefixed(HEAD, diffusionHeadSpecs(head))),
    };
    this.hiddenLayer = this.kept
      ? undefined
      : {
          width: headWidth,
          velocityAndHidden: (parameters, features, xT, t) =>
            diffusionHeadWithHidden(parameters, HEAD, headDepth, { features, xT, t }),
        };
  }

  isHeadParameter(name: string): boolean {
    return name.startsWith(`${this.kept?.layer ?? HEAD}.`);
  }

  /** Whether a parameter of the backbone may be fresh, where the teacher has nothing of that name. */
  protected mayBeFresh(_name: string): boolean {
    return false;
  }

  /** Throws an `Error` naming the parameter when the teacher's backbone has another shape. */
  initializeFromTeacher(teacherParameters: Readonly<HostTensors>, rng: Rng): HostTensors {
    const values: HostTensors = {};
    for (const [name, spec] of Object.entries(this.parameterSpecs)) {
      const isFreshHead = !this.kept && this.isHeadParameter(name);
      if (isFreshHead || (this.mayBeFresh(name) && !teacherParameters[name])) {
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
    return this.kept
      ? classifierVelocity(this.kept, parameters, { features, xT, t })
      : diffusionHead(parameters, HEAD, this.headDepth, { features, xT, t });
  }
}
