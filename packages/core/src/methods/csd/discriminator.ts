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
import { type DiscreteScoreTeacher, isDiscrete } from '../../model/discrete-score-teacher';
import type { HiddenLayer } from '../../model/velocity-network';
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
  private readonly hiddenLayer: HiddenLayer;

  /** @throws Error when the network does not show its hidden layer, or the teacher has no codes. */
  constructor({
    network: { hiddenLayer },
    teacher,
  }: Pick<DistillationSubject, 'network' | 'teacher'>) {
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
   * The codes nearest to a generated sequence [B, n, C], as which its prefixes are read: after vectors beside
   * the codes, as only generated ones have, their own tokens would tell nothing more.
   */
  prefix(constants: Parameters, generated: tf.Tensor): tf.Tensor {
    return snapToCodes(generated, this.teacher.scaledCodebook(constants));
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
