import {
  initializeParameters,
  type Parameters,
  type ParameterSpecs,
  prefixed,
  timestepMlp,
  timestepMlpSpecs,
} from '@ar-distill/nn';
import type { HostTensors, Rng } from '@ar-distill/program';
import type * as tf from '@tensorflow/tfjs';
import type { Condition, ConditionSpace } from './condition';
import { splitGuidance, withGuidance } from './guidance-input';
import type { GuidanceInput } from './guidance-range';
import type { SequenceLayout } from './sequence-layout';
import { VelocityNetwork } from './velocity-network';

const EMBEDDING = 'guidance_embed';

/**
 * A velocity network that takes the guidance scale of every sample: its place in the range, 0 … 1, is embedded
 * as a timestep is and added to the features that the head reads. The last layer of the embedding starts at
 * zero, so that the network starts as it is without.
 */
export class GuidanceConditionedNetwork extends VelocityNetwork {
  readonly layout: SequenceLayout;
  readonly condition: ConditionSpace;
  readonly parameterSpecs: ParameterSpecs;
  override readonly featureWidth: number;
  private readonly embeddingSpecs: ParameterSpecs;

  /** @throws Error when the network does not say how wide its features are. */
  constructor(
    private readonly network: VelocityNetwork,
    private readonly guidance: GuidanceInput,
  ) {
    super();
    const { featureWidth } = network;
    if (featureWidth === undefined) {
      throw new Error(
        'The network of this backbone does not say how wide the features are that a guidance scale is added to: leave "guidanceRange" out.',
      );
    }
    this.layout = network.layout;
    this.condition = withGuidance(network.condition, guidance);
    this.featureWidth = featureWidth;
    this.embeddingSpecs = prefixed(EMBEDDING, timestepMlpSpecs(featureWidth, { kind: 'zeros' }));
    this.parameterSpecs = { ...network.parameterSpecs, ...this.embeddingSpecs };
  }

  isHeadParameter(name: string): boolean {
    return this.isOwn(name) || this.network.isHeadParameter(name);
  }

  override isTrainable(name: string): boolean {
    return this.isOwn(name) || this.network.isTrainable(name);
  }

  initializeFromTeacher(teacherParameters: Readonly<HostTensors>, rng: Rng): HostTensors {
    return {
      ...this.network.initializeFromTeacher(teacherParameters, rng),
      ...initializeParameters(this.embeddingSpecs, rng),
    };
  }

  /** As in the base class; throws an `Error` when the condition has no guidance scale. */
  features(parameters: Parameters, sequence: tf.Tensor, condition: Condition): tf.Tensor {
    const { guidance, condition: others } = splitGuidance(condition);
    if (!guidance) {
      throw new Error('This network takes a guidance scale: give it with the condition.');
    }
    const [lowest, highest] = this.guidance.range;
    const place = guidance.sub(lowest).div(highest - lowest);
    const features = this.network.features(parameters, sequence, others);
    return features.add(timestepMlp(parameters, EMBEDDING, place).expandDims(1));
  }

  velocity(parameters: Parameters, features: tf.Tensor, xT: tf.Tensor, t: tf.Tensor): tf.Tensor {
    return this.network.velocity(parameters, features, xT, t);
  }

  private isOwn(name: string): boolean {
    return Object.hasOwn(this.embeddingSpecs, name);
  }
}
