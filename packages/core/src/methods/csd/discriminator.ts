import {
  initializeParameters,
  joinSpecs,
  linear,
  linearSpecs,
  type Parameters,
  type ParameterSpecs,
  prefixed,
  silu,
  xavierUniform,
} from '@ar-distill/nn';
import { type HostTensors, type Rng, streamsUnder } from '@ar-distill/program';
import type * as tf from '@tensorflow/tfjs';
import type { Condition } from '../../model/condition';
import { type DiscreteScoreTeacher, isDiscrete } from '../../model/discrete-score-teacher';
import type { HiddenLayer, VelocityNetwork } from '../../model/velocity-network';
import type { DistillationSubject } from '../../plugin/distillation-method';
import { snapToCodes } from '../../score/nearest-codes';
import { ADVERSARIAL } from './adversarial-settings';

const NAME = 'discriminator';

/**
 * A discriminator of real and generated tokens on the last hidden layer of ψ's head, so that it sees x_t, t
 * and the prefix at every position, those of the last AR step included: a layer as wide as the hidden one,
 * SiLU, and a logit. Its parameters are kept among ψ's and are trained with them.
 */
export class Discriminator {
  /** Its codes are what tokens stand for. */
  readonly teacher: DiscreteScoreTeacher;
  private readonly network: VelocityNetwork;
  private readonly hiddenLayer: HiddenLayer;

  /** @throws Error when the network does not show its hidden layer, or the teacher has no codes. */
  constructor({ network, teacher }: Pick<DistillationSubject, 'network' | 'teacher'>) {
    const { hiddenLayer } = network;
    if (!hiddenLayer) {
      throw new Error(
        `The network of this backbone does not show the hidden layer that "${ADVERSARIAL}" reads: leave it out.`,
      );
    }
    if (!isDiscrete(teacher)) {
      throw new Error(
        `The teacher of this backbone has no codes that real tokens stand for, which "${ADVERSARIAL}" reads: leave it out.`,
      );
    }
    this.network = network;
    this.teacher = teacher;
    this.hiddenLayer = hiddenLayer;
  }

  static isParameter(name: string): boolean {
    return name.startsWith(`${NAME}.`);
  }

  /** Fresh parameters: the logit is 0 at first, and moves neither ψ nor θ before it has learned something. */
  initialize(rng: Rng): HostTensors {
    return initializeParameters(this.parameterSpecs(), streamsUnder(rng, `${NAME}/initialization`));
  }

  /**
   * Features [B, n, D] of the prefixes of sequences [B, n, C]. Prefixes are read at their nearest codes: with
   * vectors beside the codes, as only generated ones have, their own tokens would tell nothing more.
   */
  features(
    parameters: Parameters,
    constants: Parameters,
    sequence: tf.Tensor,
    condition: Condition,
  ): tf.Tensor {
    const codes = snapToCodes(sequence, this.teacher.scaledCodebook(constants));
    return this.network.features(parameters, codes, condition);
  }

  /**
   * D [m, B, n] of x_t [m, B, n, C] at t [m, B, n] after prefixes with these features [B, n, D]: above 0
   * where the token rather is a real one.
   */
  logits(parameters: Parameters, features: tf.Tensor, xT: tf.Tensor, t: tf.Tensor): tf.Tensor {
    const { hidden } = this.hiddenLayer.velocityAndHidden(parameters, features, xT, t);
    const read = silu(linear(parameters, `${NAME}.0`, hidden));
    return linear(parameters, `${NAME}.2`, read).squeeze([-1]);
  }

  private parameterSpecs(): ParameterSpecs {
    const { width } = this.hiddenLayer;
    return prefixed(
      NAME,
      joinSpecs({
        0: linearSpecs(width, width, xavierUniform(width, width)),
        2: linearSpecs(width, 1, { kind: 'zeros' }),
      }),
    );
  }
}
