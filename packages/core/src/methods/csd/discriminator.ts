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
import type { HiddenLayer, VelocityNetwork } from '../../model/velocity-network';
import { ADVERSARIAL } from './adversarial-settings';

const NAME = 'discriminator';

/** What ψ says of noised tokens. */
export interface Judgement {
  /** [m, B, n, C]. */
  readonly velocity: tf.Tensor;
  /** D [m, B, n]: above 0 where the token rather is a real one. */
  readonly logits: tf.Tensor;
}

/**
 * A discriminator of real and generated tokens on the last hidden layer of ψ's head, so that it sees x_t, t
 * and the prefix at every position, those of the last AR step included: a layer as wide as the hidden one,
 * SiLU, and a logit. Its parameters are kept among ψ's and are trained with them.
 */
export class Discriminator {
  private readonly hiddenLayer: HiddenLayer;

  /** @throws Error when the network does not show its hidden layer. */
  constructor({ hiddenLayer }: Pick<VelocityNetwork, 'hiddenLayer'>) {
    if (!hiddenLayer) {
      throw new Error(
        `The network of this backbone does not show the hidden layer that "${ADVERSARIAL}" reads: leave it out.`,
      );
    }
    this.hiddenLayer = hiddenLayer;
  }

  static isParameter(name: string): boolean {
    return name.startsWith(`${NAME}.`);
  }

  /** Fresh parameters: the logit is 0 at first, and moves neither ψ nor θ before it has learned something. */
  initialize(rng: Rng): HostTensors {
    return initializeParameters(this.parameterSpecs(), streamsUnder(rng, `${NAME}/initialization`));
  }

  /** Of x_t [m, B, n, C] at t [m, B, n] after prefixes with these features [B, n, D]. */
  judge(parameters: Parameters, features: tf.Tensor, xT: tf.Tensor, t: tf.Tensor): Judgement {
    const { velocity, hidden } = this.hiddenLayer.velocityAndHidden(parameters, features, xT, t);
    const read = silu(linear(parameters, `${NAME}.0`, hidden));
    return { velocity, logits: linear(parameters, `${NAME}.2`, read).squeeze([-1]) };
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
