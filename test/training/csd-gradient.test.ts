import * as tf from '@tensorflow/tfjs';
import { conditionOf, isDiscrete } from '@ar-distill/core';
import { interpolate, velocityToDenoised } from '@ar-distill/core/math';
import { createGroups, generatorObjective, guidanceObjective } from '@ar-distill/core/methods';
import { differentiate } from '@ar-distill/core/optimization';
import { initializeParameters, type Parameters, type ParameterSpecs } from '@ar-distill/nn';
import { createRng, type HostTensors, type Rng, type StepValues } from '@ar-distill/program';
import { toyJoint } from '../toy/toy-joint';
import { eagerObjectives, withWeights } from './eager-objectives';

const B = 4;
const N = 3;
const C = 2;
const DRAWS = 2;

/** Weights far from their zero initialisation, so that no path is silently blocked. */
function spreadWeights(specs: ParameterSpecs, rng: Rng, stream: string): HostTensors {
  const weights = initializeParameters(specs, rng);
  for (const [name, tensor] of Object.entries(weights)) {
    const noise = rng.normal(`${stream}/${name}`, 0, tensor.data.length);
    tensor.data.forEach((value, i) => {
      tensor.data[i] = value + 0.2 * noise[i]!;
    });
  }
  return weights;
}

describe.each([
  ['sid', 1, 'vectors'],
  ['sid', 3, 'vectors'],
  ['dmd', 1, 'vectors'],
  ['dmd', 3, 'vectors'],
  ['sid', 1, 'codes'],
  ['dmd', 3, 'codes'],
] as const)('gradients of the %s generator update, %i draws per token, after %s', (...cell) => {
  const [objective, draws, generatedPrefix] = cell;
  const rng = createRng(7);
  const toy = toyJoint({ width: 16, heads: 2 }, () => ({
    batchSize: B,
    guidanceNoiseDraws: DRAWS,
    generatorNoiseDraws: draws,
    objective,
    generatedPrefix,
    tMin: 0.1,
  }));
  const { network, generator, teacher } = toy.subject;
  const initial = {
    generator: spreadWeights(network.parameterSpecs, rng, 'theta'),
    guidance: spreadWeights(network.parameterSpecs, rng, 'psi'),
  };
  const subject = withWeights(toy.subject, initial, [N, C]);
  const groups = createGroups(subject);
  let values: StepValues;
  let theta: Parameters;
  let psi: Parameters;

  beforeAll(async () => {
    const eager = await eagerObjectives(subject, groups, B);
    ({ theta, psi } = eager);
    const normal = (stream: string, ...shape: number[]): tf.Tensor =>
      tf.tensor(rng.normal(stream, 0, tf.util.sizeFromShape(shape)), shape);
    values = {
      state: eager.state,
      constants: {},
      inputs: {
        noise: normal('noise', B, N, C),
        ...eager.condition,
        t: tf
          .tensor(rng.uniform('t', 0, draws * B * N), [draws, B, N])
          .mul(0.8)
          .add(0.2),
        scoreNoise: normal('score-noise', draws, B, N, C),
      },
    };
  });

  /** The loss as the paper defines it, written out: what moves with θ and what does not is explicit. */
  function loss(
    moving: Parameters,
    prefixWeights: Parameters,
    read: 'vectors' | 'codes' = generatedPrefix,
  ): number {
    const { noise, t, scoreNoise } = values.inputs as Record<string, tf.Tensor>;
    const condition = conditionOf(values.inputs);
    return tf.tidy(() => {
      const sequence = generator.generate(prefixWeights, noise!, condition);
      const prefix = read === 'codes' ? nearest(sequence) : sequence;
      const start = generator.generate(theta, noise!, condition);
      const generated = generator.generate(moving, noise!, condition);
      const denoise = (q: tf.Tensor) => {
        const xT = interpolate(q, scoreNoise!, t!);
        const features = network.features(psi, prefix, condition);
        const velocity = network.velocity(psi, features, xT, t!);
        return {
          teacher: teacher.denoised(teacher.read({}, prefix, condition), xT, t!),
          guidance: velocityToDenoised(velocity, xT, t!),
        };
      };
      const at = denoise(generated);
      const frozen = denoise(start);
      // Stop-gradients as constants: the normaliser, and for DMD the whole target.
      const normalizer = start.sub(frozen.teacher).abs().mean([2, 3], true);
      const perToken =
        objective === 'sid'
          ? at.teacher.sub(at.guidance).mul(at.guidance.sub(generated)).sum(-1, true)
          : generated
              .sub(start.sub(frozen.guidance.sub(frozen.teacher).div(normalizer)))
              .square()
              .sum(-1, true)
              .mul(0.5);
      return (objective === 'sid' ? perToken.div(normalizer) : perToken).mean().dataSync()[0]!;
    });
  }

  /** The code at the least distance, from all distances. */
  function nearest(vectors: tf.Tensor): tf.Tensor {
    if (!isDiscrete(teacher)) throw new Error('The toy has a discrete teacher.');
    const codes = teacher.scaledCodebook({});
    const distances = vectors.expandDims(-2).sub(codes).square().sum(-1);
    return tf.gather(codes, distances.argMin(-1).cast('int32'));
  }

  const nudge = (weights: Parameters, direction: Parameters, step: number): Parameters =>
    Object.fromEntries(
      Object.entries(weights).map(([name, value]) => [name, value.add(direction[name]!.mul(step))]),
    );

  it('equal those of the written-out loss whose prefix, ψ and normaliser stand still', () => {
    const { gradients } = differentiate(
      generatorObjective(subject, groups)(values),
      theta,
      groups.generator.trained,
    );
    const ownRng = createRng(11);
    for (let trial = 0; trial < 4; trial++) {
      const direction = Object.fromEntries(
        Object.entries(theta).map(([name, value]) => [
          name,
          tf.tensor(ownRng.normal(name, trial, value.size), value.shape).mul(0.1),
        ]),
      );
      const along = Object.entries(gradients).reduce(
        (sum, [name, gradient]) => sum + gradient.mul(direction[name]!).sum().dataSync()[0]!,
        0,
      );
      const h = 4e-3;
      const frozen =
        (loss(nudge(theta, direction, h), theta) - loss(nudge(theta, direction, -h), theta)) /
        (2 * h);
      expect(Math.abs(along - frozen)).toBeLessThan(0.01 * Math.abs(frozen) + 2e-4);
      // The check has teeth: vectors that move along, or stand in for codes, give another derivative.
      const plus = nudge(theta, direction, h);
      const minus = nudge(theta, direction, -h);
      const [ahead, behind] = generatedPrefix === 'codes' ? [theta, theta] : [plus, minus];
      const other = (loss(plus, ahead, 'vectors') - loss(minus, behind, 'vectors')) / (2 * h);
      if (objective === 'sid') expect(Math.abs(other - frozen)).toBeGreaterThan(1e-3);
    }
  });

  it('train every parameter of θ and no other state', () => {
    const { gradients } = differentiate(
      generatorObjective(subject, groups)(values),
      theta,
      groups.generator.trained,
    );
    expect(Object.keys(gradients).sort()).toEqual(Object.keys(network.parameterSpecs).sort());
    for (const [name, gradient] of Object.entries(gradients)) {
      expect([name, gradient.abs().max().dataSync()[0]! > 0]).toEqual([name, true]);
    }
    const updated = groups.generator.updateNames();
    expect(updated.filter((name) => !name.startsWith('generator/'))).toEqual([]);
  });

  it('do not exist for the loss in ψ outside of the guidance update', () => {
    const guided = differentiate(
      guidanceObjective(
        subject,
        groups,
      )({
        ...values,
        inputs: {
          ...values.inputs,
          t: tf.concat([values.inputs['t']!, values.inputs['t']!]),
          scoreNoise: tf.concat([values.inputs['scoreNoise']!, values.inputs['scoreNoise']!]),
        },
      }),
      psi,
      groups.guidance.trained,
    );
    for (const [name, gradient] of Object.entries(guided.gradients)) {
      expect([name, gradient.abs().max().dataSync()[0]! > 0]).toEqual([name, true]);
    }
    expect(groups.guidance.updateNames().every((name) => name.startsWith('guidance/'))).toBe(true);
  });
});
