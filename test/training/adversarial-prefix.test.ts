import * as tf from '@tensorflow/tfjs';
import { isDiscrete } from '@ar-distill/core';
import { snapToCodes } from '@ar-distill/core/math';
import { createGroups, generatorObjective, guidanceObjective } from '@ar-distill/core/methods';
import { initializeParameters, linearSpecs, type Parameters, prefixed } from '@ar-distill/nn';
import { createRng, type StepValues } from '@ar-distill/program';
import { toyJoint } from '../toy/toy-joint';
import { eagerObjectives, withWeights } from './eager-objectives';

const B = 4;
const N = 3;
const C = 2;
const rng = createRng(3);

const toy = toyJoint({ width: 16, heads: 2 }, () => ({
  batchSize: B,
  guidanceNoiseDraws: 1,
  generatedPrefix: 'vectors',
  adversarial: { mode: 'added', weight: 1, discriminatorWeight: 10 },
}));
const { network, teacher } = toy.subject;
const weights = initializeParameters(network.parameterSpecs, rng);
const width = network.hiddenLayer!.width;
const discriminator = initializeParameters(
  {
    ...prefixed('discriminator.0', linearSpecs(width, width, { kind: 'zeros' })),
    ...prefixed('discriminator.2', linearSpecs(width, 1, { kind: 'zeros' })),
  },
  rng,
);
const initial = { generator: weights, guidance: { ...weights, ...discriminator } };
const subject = withWeights(toy.subject, initial, [N, C]);
const groups = createGroups(subject);

let values: StepValues;
let theta: Parameters;
let psi: Parameters;
let codebook: tf.Tensor;

beforeAll(async () => {
  const { state, condition, ...parameters } = await eagerObjectives(subject, groups, B);
  ({ theta, psi } = parameters);
  if (!isDiscrete(teacher)) throw new Error('The toy has a discrete teacher.');
  codebook = teacher.scaledCodebook({});
  values = {
    state,
    constants: {},
    inputs: {
      noise: tf.tensor(rng.normal('noise', 0, B * N * C), [B, N, C]),
      ...condition,
      t: tf.fill([1, B, N], 0.5),
      scoreNoise: tf.tensor(rng.normal('score-noise', 0, B * N * C), [1, B, N, C]),
      'real/tokens': tf.ones([B, N], 'int32'),
      ...Object.fromEntries(Object.entries(condition).map(([name, of]) => [`real/${name}`, of])),
    },
  };
});

/** How many of the sequences that backbones read are codes; noise and generated vectors are none. */
function codesRead(evaluate: () => void): number {
  const read = jest.spyOn(network, 'features');
  evaluate();
  const sequences = read.mock.calls.map(([, sequence]) => sequence);
  read.mockRestore();
  return sequences.filter((sequence) => {
    const codes = snapToCodes(sequence, codebook);
    return tf.max(tf.abs(tf.sub(sequence, codes))).dataSync()[0]! < 1e-6;
  }).length;
}

it('is told apart after codes, real and generated ones', () => {
  const read = codesRead(() => {
    guidanceObjective(subject, groups)(values)(psi);
  });
  expect(read).toBe(2);
});

it('moves the generator after codes, too', () => {
  const read = codesRead(() => {
    generatorObjective(subject, groups)(values)(theta);
  });
  expect(read).toBe(1);
});
