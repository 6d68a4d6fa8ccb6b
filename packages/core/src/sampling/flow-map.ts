import type { SampledCodes } from '@ar-distill/nn';
import type { HostTensors, StepCompiler } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import type { ChoosingProgram } from '../model/code-choice';
import type { DiscreteScoreTeacher } from '../model/discrete-score-teacher';
import type { SequenceSampler } from '../model/sequence-sampler';
import { denoisedFromProbabilities } from '../score/mixture';
import { nearestCodes } from '../score/nearest-codes';
import { denoisedToVelocity, MIN_TIMESTEP, NOISE_TIMESTEP } from '../score/rectified-flow';
import { compileArSampler } from './ar-sampler';
import { sampleNoise } from './sample-streams';

/** What is compiled. */
export interface FlowMapProgram {
  readonly teacher: DiscreteScoreTeacher;
  readonly weights: Readonly<HostTensors>;
  readonly batchSize: number;
  /** Heun steps per AR step, 1 or more; each takes two evaluations of the closed form. */
  readonly solverSteps: number;
}

/**
 * The flow map of a teacher (Distilled Decoding 1, arXiv 2412.17153): AR step by AR step, after the codes
 * that earlier noise was mapped to, dx/dt = v(x, t | prefix) takes every position's noise to a code. The
 * sequences have the teacher's distribution up to the solver's error, and one noise always gives the same
 * one. The teacher is evaluated once per AR step, from its cache where it has one; only the closed form
 * depends on x_t.
 * @throws RangeError below one step.
 */
export function compileFlowMap(
  { teacher, weights, batchSize, solverSteps }: FlowMapProgram,
  compiler: StepCompiler,
): Promise<SequenceSampler> {
  if (!Number.isInteger(solverSteps) || solverSteps < 1) {
    throw new RangeError(`The flow map needs 1 solver step or more, not ${solverSteps}.`);
  }
  const program: ChoosingProgram = {
    name: 'flow map',
    weights,
    batchSize,
    draws: sampleNoise(teacher.layout),
    choose: (codebook, logProbs, noise) => mapToCodes(codebook, logProbs, noise, solverSteps),
  };
  return (
    teacher.createCachedSampler?.(compiler, program) ??
    compileArSampler({ ...program, teacher }, compiler)
  );
}

/**
 * Takes `noise` [..., C] along the velocity of the closed form (DD2, Eq. 1) from t = 1 to
 * `MIN_TIMESTEP` in `steps` equal steps of Heun's method, then to the nearest code.
 */
function mapToCodes(
  codebook: tf.Tensor,
  logProbs: tf.Tensor,
  noise: tf.Tensor,
  steps: number,
): SampledCodes {
  const size = (NOISE_TIMESTEP - MIN_TIMESTEP) / steps;
  // Size-1 axes: every position is at the same time.
  const timestepShape = noise.shape.slice(0, -1).map(() => 1);
  const velocity = (xT: tf.Tensor, time: number): tf.Tensor => {
    const t = tf.fill(timestepShape, time);
    return denoisedToVelocity(denoisedFromProbabilities({ logProbs, codebook, xT, t }), xT, t);
  };
  let xT = noise;
  for (let step = 0; step < steps; step++) {
    const time = NOISE_TIMESTEP - step * size;
    const here = velocity(xT, time);
    const ahead = velocity(xT.sub(here.mul(size)), time - size);
    xT = xT.sub(here.add(ahead).mul(size / 2));
  }
  const tokens = nearestCodes(xT, codebook);
  // NaN has a nearest code as well.
  const total = xT.sum(-1, true);
  return { tokens, codes: tf.where(tf.isNaN(total), total, tf.gather(codebook, tokens)) };
}
