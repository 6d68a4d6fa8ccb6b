import * as tf from '@tensorflow/tfjs';
import { ofClasses } from '@ar-distill/core';
import { createEngine } from '@ar-distill/engine';
import { initializeParameters, sampleCategorical, toTensors } from '@ar-distill/nn';
import {
  type LlamagenArchitecture,
  llamagenArchitectureSchema,
  LlamagenTeacher,
} from '@ar-distill/plugin-llamagen';
import type { HostTensors } from '@ar-distill/program';
import { hashRng } from '../core/hash-rng';

const testRng = hashRng(1);

const base = {
  gridSize: 3,
  vocabSize: 24,
  channels: 4,
  numClasses: 3,
  width: 32,
  depth: 2,
  heads: 4,
  multipleOf: 8,
  codeScale: 2,
  tokenizer: {
    imageSize: 3,
    baseChannels: 8,
    channelMultipliers: [1],
    groups: 4,
  },
};
const variants: [string, object, object][] = [
  ['no guidance', {}, { guidanceScale: 1 }],
  ['guidance and truncation', {}, { guidanceScale: 2.5, topK: 9, topP: 0.9 }],
  ['guidance over an interval', { guidanceInterval: 3 }, { guidanceScale: 4 }],
  ['shared keys, continuous input', { keyValueHeads: 2, inputEmbedding: 'mlp' }, {}],
];
const LABELS = Int32Array.of(0, 1, 2, 1);
const engine = createEngine({ worker: false, threads: 1 });

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});
afterAll(() => engine.dispose());

/** Large enough for the logits to differ: the fresh classifier is zero. */
function randomWeights(teacher: LlamagenTeacher): HostTensors {
  return Object.fromEntries(
    Object.entries(initializeParameters(teacher.parameterSpecs, testRng)).map(([name, value]) => [
      name,
      {
        shape: value.shape,
        dtype: 'float32',
        data: testRng.normal(name, 0, value.data.length).map((x) => x * 0.3),
      },
    ]),
  );
}

it.each(variants)(
  'draws step by step what the teacher-forced probabilities give: %s',
  async (_, options, sampling) => {
    const architecture: LlamagenArchitecture = llamagenArchitectureSchema.parse({
      ...base,
      ...options,
    });
    const teacher = new LlamagenTeacher(architecture, {
      guidanceScale: 2,
      topK: 0,
      topP: 1,
      temperature: 1.3,
      ...sampling,
    });
    const weights = randomWeights(teacher);
    const sampler = await teacher.createSampler(engine, weights, 4);
    const { tokens, sequence } = await sampler.sample(ofClasses(LABELS), testRng, 7);
    await expect(sampler.sample(ofClasses(Int32Array.of(0, 1)), testRng, 0)).rejects.toThrow(
      /"labels" is int32 \[2\] where int32 \[4\] is needed/,
    );
    for (const label of [-1, 3]) {
      const labels = Int32Array.of(0, 1, label, 1);
      await expect(sampler.sample(ofClasses(labels), testRng, 0)).rejects.toThrow(
        `There is no class ${label}: give classes from 0 to 2.`,
      );
    }
    await sampler.dispose();

    const logProbs = teacher.logProbs(toTensors(weights), tf.tensor(sequence.data, [4, 9, 4]), {
      labels: tf.tensor1d(LABELS, 'int32'),
    });
    const uniforms = [7, 8, 9, 10].map((sample) =>
      Array.from(testRng.uniform('llamagen-teacher-tokens', sample, 9)),
    );
    const drawn = sampleCategorical(logProbs, tf.tensor2d(uniforms));
    expect(Array.from(drawn.dataSync())).toEqual(Array.from(tokens!.data));
    expect(new Set(tokens!.data).size).toBeGreaterThan(5);
    expect(sampler.evaluations).toBe(9);
  },
);

it('switches guidance off after the interval, counting steps after the prefill', () => {
  const architecture = llamagenArchitectureSchema.parse({ ...base, guidanceInterval: 1 });
  const teacher = new LlamagenTeacher(architecture, {
    guidanceScale: 2,
    topK: 0,
    topP: 1,
    temperature: 1,
  });
  const scales = teacher.guidanceScales(tf.tensor1d(teacher.guidedPositions()));
  expect([...scales.dataSync()]).toEqual([2, 2, 2, 1, 1, 1, 1, 1, 1]);
});
