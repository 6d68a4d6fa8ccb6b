import * as tf from '@tensorflow/tfjs';
import { ofClasses, sequenceLength, type VelocityNetwork } from '@ar-distill/core';
import { compileArDiffusion, sampleArDiffusion } from '@ar-distill/core/sampling';
import { createEngine } from '@ar-distill/engine';
import { llamagenArchitectureSchema, LlamagenNetwork } from '@ar-distill/plugin-llamagen';
import { varArchitectureSchema, VarNetwork } from '@ar-distill/plugin-var';
import { elementCount, float32, type HostTensors } from '@ar-distill/program';
import { toTensors } from '@ar-distill/nn';
import { hashRng } from './hash-rng';

const rng = hashRng(5);
const engine = createEngine({ worker: false, threads: 1 });
const sizes = { vocabSize: 9, channels: 4, numClasses: 3, width: 16, depth: 2, heads: 2 };
const tokenizer = { baseChannels: 4, channelMultipliers: [1], groups: 2 };

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});
afterAll(() => engine.dispose());

const networks: [string, VelocityNetwork][] = [
  [
    'steps of one length, one program for each',
    new LlamagenNetwork(
      llamagenArchitectureSchema.parse({
        ...sizes,
        gridSize: 3,
        multipleOf: 8,
        codeScale: 2,
        tokenizer: { ...tokenizer, imageSize: 3 },
      }),
    ),
  ],
  [
    'steps of several lengths',
    new VarNetwork(
      varArchitectureSchema.parse({
        ...sizes,
        patchNums: [1, 2, 3],
        tokenizer: { ...tokenizer, imageSize: 3 },
      }),
    ),
  ],
];

test.each(networks)('samples as the eager sampler does: %s', async (_, network) => {
  const weights: HostTensors = Object.fromEntries(
    Object.entries(network.parameterSpecs).map(([name, { shape }]) => [
      name,
      float32(
        shape,
        rng.normal(name, 0, elementCount(shape)).map((x) => 0.3 * x),
      ),
    ]),
  );
  const { layout } = network;
  const shape = [2, sequenceLength(layout), layout.channels];
  const sampler = await compileArDiffusion(
    { network, weights, batchSize: 2, solverSteps: 3 },
    engine,
  );
  expect(sampler.evaluations).toBe(layout.stepLengths.length);
  // The second batch must not see what the first left behind.
  for (const batch of [0, 1]) {
    const first = 5 + batch;
    const labels = Int32Array.of(2, batch);
    const { sequence } = await sampler.sample(ofClasses(labels), rng, first);
    expect(sequence.shape).toEqual(shape);
    const size = elementCount(shape) / 2;
    const noise = [0, 1].flatMap((i) => [...rng.normal('sample/noise', first + i, size)]);
    const expected = tf.tidy(() =>
      sampleArDiffusion(
        network,
        toTensors(weights),
        tf.tensor(noise, shape),
        { labels: tf.tensor1d(labels, 'int32') },
        3,
      ).dataSync(),
    );
    const scale = Math.max(...expected.map(Math.abs));
    expect(scale).toBeGreaterThan(0.5);
    expected.forEach((value, i) => {
      expect(Math.abs(sequence.data[i]! - value) / scale).toBeLessThan(1e-5);
    });
  }
  await sampler.dispose();
});
