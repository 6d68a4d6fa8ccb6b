import * as tf from '@tensorflow/tfjs';
import {
  csdLoss,
  type CsdOptions,
  denoisedFromProbabilities,
  denoisedToScore,
  denoisedToVelocity,
  eulerSolve,
  fcsLoss,
  gtsLoss,
  interpolate,
  logProbabilities,
  velocityToDenoised,
} from '@ar-distill/core/math';
import { readFixture, relativeError, toTensor } from '../read-fixture';

const ARRAY_TOLERANCE = 2e-5;
const SCALAR_TOLERANCE = 5e-5;

const fixture = readFixture('score-math');
const layout = { channels: 4, stepLengths: [1, 1, 1, 1, 1] };

let inputs: Record<'codebook' | 'probs' | 't' | 'q' | 'eps' | 'A' | 'b', tf.Tensor>;

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
  inputs = {
    codebook: toTensor(fixture('codebook')),
    probs: toTensor(fixture('probs')),
    t: toTensor(fixture('t')),
    q: toTensor(fixture('q')),
    eps: toTensor(fixture('eps')),
    A: toTensor(fixture('A')),
    b: toTensor(fixture('b')),
  };
});

function teacherDenoised(xT: tf.Tensor, t: tf.Tensor): tf.Tensor {
  const logProbs = logProbabilities(inputs.probs);
  return denoisedFromProbabilities({ logProbs, codebook: inputs.codebook, xT, t });
}

/** Stands in for the guidance network. */
function fakeVelocity(xT: tf.Tensor): tf.Tensor {
  const rows = tf.matMul(tf.reshape(xT, [-1, 4]), inputs.A as tf.Tensor2D);
  return tf.tanh(tf.add(tf.reshape(rows, xT.shape), inputs.b));
}

function expectClose(actual: tf.Tensor, name: string): void {
  const reference = fixture(name);
  const tolerance = reference.data.length === 1 ? SCALAR_TOLERANCE : ARRAY_TOLERANCE;
  expect(relativeError(actual, reference)).toBeLessThanOrEqual(tolerance);
}

/** The loss with the fixture's reduction: a sum over the positions, not their mean. */
function summedCsd(q: tf.Tensor, options: Partial<CsdOptions>): tf.Scalar {
  const { eps, t } = inputs;
  const xT = interpolate(q, eps, t);
  const { loss } = csdLoss(
    {
      generated: q,
      teacherDenoised: teacherDenoised(xT, t),
      guidanceDenoised: velocityToDenoised(fakeVelocity(xT), xT, t),
    },
    { objective: 'sid', alpha: 1, normalizer: 'sample', stepWeights: [1, 1], layout, ...options },
  );
  return tf.mul(loss, 5).asScalar();
}

test('the path and the closed-form predictions', () => {
  const { q, eps, t } = inputs;
  const xT = interpolate(q, eps, t);
  expectClose(xT, 'x_t');
  const denoised = teacherDenoised(xT, t);
  expectClose(denoised, 'denoised');
  expectClose(denoisedToVelocity(denoised, xT, t), 'velocity');
  expectClose(denoisedToScore(denoised, xT, t), 'score');
});

test('ten Euler steps with the closed-form velocity', () => {
  const solved = eulerSolve(
    (xT, t) => denoisedToVelocity(teacherDenoised(xT, t), xT, t),
    inputs.eps,
    10,
  );
  expectClose(solved, 'euler10');
});

test('the losses of the guidance network', () => {
  const { q, eps, t } = inputs;
  const xT = interpolate(q, eps, t);
  const velocity = fakeVelocity(xT);
  expectClose(
    gtsLoss({ velocity, teacherDenoised: teacherDenoised(xT, t), xT, t }).loss,
    'gts_velocity_loss',
  );
  expectClose(
    fcsLoss({ velocity: tf.expandDims(velocity, 0), generated: q, noise: tf.expandDims(eps, 0) })
      .loss,
    'fcs_velocity_loss',
  );
});

const sidCases: [string, Partial<CsdOptions>][] = [
  ...[0.8, 1, 1.2].flatMap((alpha) =>
    (['none', 'sample', 'token'] as const).map((normalizer): [string, Partial<CsdOptions>] => [
      `sid_a${alpha.toFixed(1)}_${normalizer}`,
      { alpha, normalizer },
    ]),
  ),
  ['sid_a1.0_w3to1', { stepWeights: [3, 1] }],
  ['sid_a1.0_w1to3', { stepWeights: [1, 3] }],
];

test.each(sidCases)('%s: value and gradient', (name, options) => {
  const { value, grad } = tf.valueAndGrad((q: tf.Tensor) => summedCsd(q, options))(inputs.q);
  expectClose(value, name);
  // The fixture's loss is a mean over the batch already; its gradient is that of this mean.
  expectClose(grad, `${name}_grad_q`);
});

test('dmd: the gradient in q is the normalised difference of the predictions', () => {
  const gradient = tf.grad((q: tf.Tensor) => summedCsd(q, { objective: 'dmd' }))(inputs.q);
  // Per token, before the mean over the batch of three.
  expectClose(tf.mul(gradient, 3), 'dmd_direction');
});
