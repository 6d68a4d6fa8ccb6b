import * as tf from '@tensorflow/tfjs';
import { checkBackbone } from '@ar-distill/conformance';
import { type Backbone, PLAIN_SAMPLING, type TeacherSamplingOptions } from '@ar-distill/core';
import { createEngine } from '@ar-distill/engine';
import { llamagenArchitectureSchema, llamagenBackbone } from '@ar-distill/plugin-llamagen';
import { THREE_TOKEN_JOINT, toyArchitectureSchema, toyBackbone } from '@ar-distill/plugin-toy';
import { varArchitectureSchema, varBackbone } from '@ar-distill/plugin-var';
import { hashRng } from '../core/hash-rng';

const TOKENIZER = {
  imageChannels: 1,
  baseChannels: 8,
  channelMultipliers: [1, 1],
  residualBlocks: 1,
  groups: 4,
};
const SIZES = { vocabSize: 12, channels: 4, numClasses: 3, width: 16, depth: 2, heads: 2 };

jest.setTimeout(600_000);

const engine = createEngine({ backend: 'tensorflow' });

beforeAll(async () => {
  tf.enableProdMode();
  // The kit looks at losses and gradients eagerly as well.
  await tf.setBackend('tensorflow');
});
afterAll(() => engine.dispose());

async function check<A>(
  backbone: Backbone<A>,
  architecture: A,
  sampling?: TeacherSamplingOptions,
): Promise<void> {
  const results = await checkBackbone(backbone, architecture, {
    rng: hashRng(3),
    compiler: engine,
    ...(sampling ? { sampling } : {}),
  });
  expect(results.filter(({ state }) => state === 'failed')).toEqual([]);
  expect(results.length).toBeGreaterThan(5);
  expect(tf.getBackend()).toBe('tensorflow');
}

it('runs a teacher with a known distribution', () =>
  check(toyBackbone, toyArchitectureSchema.parse(THREE_TOKEN_JOINT), PLAIN_SAMPLING));

it('runs a small VAR', () =>
  check(
    varBackbone,
    varArchitectureSchema.parse({
      ...SIZES,
      patchNums: [1, 2, 4],
      codeScale: 2,
      tokenizer: { ...TOKENIZER, imageSize: 8 },
    }),
  ));

it('runs a small LlamaGen', () =>
  check(
    llamagenBackbone,
    llamagenArchitectureSchema.parse({
      ...SIZES,
      gridSize: 2,
      multipleOf: 8,
      codeScale: 2,
      tokenizer: { ...TOKENIZER, imageSize: 4, latentChannels: 8 },
    }),
  ));
