import * as tf from '@tensorflow/tfjs';
import { conditionInputs, isDiscrete } from '@ar-distill/core';
import { nearestCodes } from '@ar-distill/core/math';
import {
  createGroups,
  type CsdSubject,
  distillationSettingsSchema,
  generatorObjective,
  guidanceObjective,
} from '@ar-distill/core/methods';
import { initializeParameters, linearSpecs, type Parameters, prefixed } from '@ar-distill/nn';
import { createRng, float32, type HostTensors, type StepValues } from '@ar-distill/program';
import { toyJoint } from '../toy/toy-joint';

const B = 4;
const N = 3;
const C = 2;
const rng = createRng(3);

const toy = toyJoint({ width: 16, heads: 2 }, (settings) =>
  distillationSettingsSchema.parse({
    ...settings,
    batchSize: B,
    guidanceNoiseDraws: 1,
    adversarial: { weight: 1 },
  }),
);
const { network, teacher } = toy.subject;
const weights = initializeParameters(network.parameterSpecs, rng);
const width = network.hiddenLayer!.width;
const subject: CsdSubject = {
  ...toy.subject,
  initial: {
    generator: weights,
    guidance: {
      ...weights,
      ...initializeParameters(
        {
          ...prefixed('discriminator.0', linearSpecs(width, width, { kind: 'zeros' })),
          ...prefixed('discriminator.2', linearSpecs(width, 1, { kind: 'zeros' })),
        },
        rng,
      ),
    },
  },
  pool: {
    sequences: float32([1, N, C], new Float32Array(N * C)),
    condition: teacher.condition.inTurn(0, 1),
  },
};
const groups = createGroups(subject);

let values: StepValues;
let theta: Parameters;
let psi: Parameters;
let codebook: tf.Tensor;

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
  const toTensors = (host: Readonly<HostTensors>): Record<string, tf.Tensor> =>
    Object.fromEntries(
      Object.entries(host).map(([name, { data, shape, dtype }]) => [
        name,
        tf.tensor(data, [...shape], dtype),
      ]),
    );
  theta = toTensors(subject.initial.generator);
  psi = toTensors(subject.initial.guidance);
  const condition = toTensors(conditionInputs(teacher.condition.inTurn(0, B)));
  if (!isDiscrete(teacher)) throw new Error('The toy has a discrete teacher.');
  codebook = teacher.scaledCodebook({});
  values = {
    state: { ...groups.generator.write('value', theta), ...groups.guidance.write('value', psi) },
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
    const codes = tf.gather(codebook, nearestCodes(sequence, codebook));
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
