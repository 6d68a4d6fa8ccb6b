import * as tf from '@tensorflow/tfjs';
import type { Parameters } from '@ar-distill/nn';
import type { Condition } from '../model/condition';
import { sequenceLength, stepStarts } from '../model/sequence-layout';
import type { VelocityNetwork } from '../model/velocity-network';
import { eulerSolve } from './euler-solver';

/**
 * Whole sequences from the AR-diffusion model (DD2, section 5): AR step by AR step, the backbone
 * reads the clean sequence so far, then `solverSteps` Euler steps take the step's noise to data.
 * Costs one backbone evaluation and `solverSteps` head evaluations per AR step; unrolled, so for
 * many AR steps see `compileArDiffusion`. `noise` [B, n, C], condition [B, …] → [B, n, C], scaled.
 */
export function sampleArDiffusion(
  network: VelocityNetwork,
  parameters: Parameters,
  noise: tf.Tensor,
  condition: Condition,
  solverSteps: number,
): tf.Tensor {
  const { layout } = network;
  const [batch = 0] = noise.shape;
  const length = sequenceLength(layout);
  const done: tf.Tensor[] = [];
  for (const [step, start] of stepStarts(layout).entries()) {
    const stepLength = layout.stepLengths[step]!;
    // Features depend on earlier AR steps only: any value may stand for what is not known yet.
    const unknown = tf.zeros([batch, length - start, layout.channels]);
    const features = network.features(parameters, tf.concat([...done, unknown], 1), condition);
    const own = positions(features, start, stepLength);
    done.push(
      solveStep(network, parameters, own, positions(noise, start, stepLength), solverSteps),
    );
  }
  return tf.concat(done, 1);
}

/** Euler steps from `noise` [B, L, C] to data at positions with `features` [B, L, D]. */
export function solveStep(
  network: VelocityNetwork,
  parameters: Parameters,
  features: tf.Tensor,
  noise: tf.Tensor,
  solverSteps: number,
): tf.Tensor {
  return eulerSolve(
    (xT, t) =>
      tf.squeeze(
        network.velocity(parameters, features, tf.expandDims(xT, 0), tf.expandDims(t, 0)),
        [0],
      ),
    noise,
    solverSteps,
  );
}

function positions(values: tf.Tensor, start: number, length: number): tf.Tensor {
  return tf.slice(values, [0, start, 0], [-1, length, -1]);
}
