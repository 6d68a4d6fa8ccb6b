import { initializeParameters } from '@ar-distill/nn';
import { type HostTensors, type Rng, streamsUnder } from '@ar-distill/program';
import { z } from 'zod';
import type { VelocityNetwork } from '../../model/velocity-network';

/**
 * `tuned`: the AR-diffusion model of stage 1, as in the paper; `random-head`: its backbone under a head
 * at random; `random`: nothing of it but what gradients do not train. θ alone may be `regressed`: that model, trained
 * on the teacher's flow map [us].
 */
const INITIAL_WEIGHTS = ['tuned', 'random-head', 'random'] as const;

/** What the two networks of stage 2 start from (DD2, Table 4). */
export const initializationSchema = z
  .strictObject({
    generator: z
      .enum([...INITIAL_WEIGHTS, 'regressed'])
      .describe('What θ starts from')
      .default('tuned'),
    guidance: z.enum(INITIAL_WEIGHTS).describe('What ψ starts from').default('tuned'),
  })
  .describe(
    "What θ and ψ start from: tuned, the AR-diffusion model of stage 1; random-head, its backbone under a head at random; random, nothing of it; regressed, tuned and then trained on the teacher's flow map",
  );

export type Initialization = z.infer<typeof initializationSchema>;

/** Weights of the velocity network that θ, before any regression, or ψ starts from, made of those of stage 1. */
export function initialVelocityWeights(
  network: VelocityNetwork,
  initialization: Initialization,
  which: keyof Initialization,
  tuned: Readonly<HostTensors>,
  rng: Rng,
): Readonly<HostTensors> {
  const kind = initialization[which];
  if (kind === 'tuned' || kind === 'regressed') return tuned;
  // Streams of their own: two networks at random are not the same one.
  const noise = streamsUnder(rng, `${which}/initialization`);
  const drawn = Object.entries(network.parameterSpecs).filter(
    ([name]) => network.isTrainable(name) && (kind === 'random' || network.isHeadParameter(name)),
  );
  return { ...tuned, ...initializeParameters(Object.fromEntries(drawn), noise) };
}
