import {
  ArDiffusionGenerator,
  classCondition,
  type Condition,
  GuidanceConditionedNetwork,
  guidanceOf,
  PLAIN_SAMPLING,
  sequenceLength,
} from '@ar-distill/core';
import { compileOneStep, compileRefinement } from '@ar-distill/core/sampling';
import { initializeParameters, toTensors } from '@ar-distill/nn';
import { float32, type HostTensors } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import { eagerCompiler } from './eager-compiler';
import { hashRng } from './hash-rng';
import { LAYOUT, TinyNetwork, TinyTeacher } from './tiny-plugin';

const rng = hashRng(12);
const SPACE = classCondition(3);
const LENGTH = sequenceLength(LAYOUT);
const RANGE = [1, 4] as const;
const INPUT = { range: RANGE, scale: 2 };

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

const teacher = new TinyTeacher({ ...PLAIN_SAMPLING, guidanceScale: INPUT.scale });
const perSample = teacher.guidance.over(RANGE) as TinyTeacher;
const teacherWeights = initializeParameters(teacher.parameterSpecs, rng);
const network = new TinyNetwork();
const conditioned = new GuidanceConditionedNetwork(network, INPUT);
const fresh = conditioned.initializeFromTeacher(teacherWeights, rng);
/** As after some training: the last layer of the embedding is no longer zero. */
const trained = Object.fromEntries(
  Object.entries(fresh).map(([name, value]): [string, HostTensors[string]] => [
    name,
    name.endsWith('mlp.2.weight')
      ? float32(value.shape, rng.normal(name, 9, value.data.length))
      : value,
  ]),
);
const generator = new ArDiffusionGenerator(network).withGuidance(INPUT);

const labelled = (...labels: number[]) => ({ labels: tf.tensor1d(labels, 'int32') });
const at = (...scales: number[]): Condition => toTensors(guidanceOf(Float32Array.from(scales)));
const vectors = (stream: string, batch: number) =>
  tf.tensor3d(rng.normal(stream, 0, batch * LENGTH * LAYOUT.channels), [
    batch,
    LENGTH,
    LAYOUT.channels,
  ]);

it('a teacher mixes the predictions of every sample with its own scale', () => {
  const parameters = toTensors(teacherWeights);
  const sequence = vectors('sequence', 3);
  const scales = [1, 4, 2.5];
  const own = perSample
    .logProbs(parameters, sequence, { ...labelled(0, 1, 2), ...at(...scales) })
    .arraySync() as number[][][];
  const logits = (condition: Condition) =>
    teacher.logits(parameters, sequence, condition).arraySync() as number[][][];
  const [conditional, unconditional] = [logits(labelled(0, 1, 2)), logits(labelled(3, 3, 3))];
  own.forEach((positions, sample) =>
    positions.forEach((logProbs, position) => {
      const mixed = conditional[sample]![position]!.map((c, code) => {
        const u = unconditional[sample]![position]![code]!;
        return u + scales[sample]! * (c - u);
      });
      const total = Math.log(mixed.reduce((sum, logit) => sum + Math.exp(logit), 0));
      logProbs.forEach((logProb, code) => expect(logProb).toBeCloseTo(mixed[code]! - total, 4));
    }),
  );
});

it('a teacher draws every sample with its own scale, or with that of its options', async () => {
  const draw = async (drawing: TinyTeacher, condition: HostTensors) => {
    const sampler = await drawing.createSampler(eagerCompiler, teacherWeights, 3);
    return [...(await sampler.sample(condition, rng, 5)).tokens!.data];
  };
  const rows = (tokens: number[], row: number) => tokens.slice(row * LENGTH, (row + 1) * LENGTH);
  const labels = SPACE.inTurn(0, 3);
  const scales = [1.25, 4, 3];
  const own = await draw(perSample, { ...labels, ...guidanceOf(Float32Array.from(scales)) });
  for (const [row, guidanceScale] of scales.entries()) {
    const forAll = await draw(new TinyTeacher({ ...PLAIN_SAMPLING, guidanceScale }), labels);
    expect(rows(own, row)).toEqual(rows(forAll, row));
  }
  expect(await draw(perSample, labels)).toEqual(await draw(teacher, labels));
});

it('a network starts as it is without the scale, and then tells scales apart', () => {
  const sequence = vectors('sequence', 2);
  const features = (weights: HostTensors, ...scales: number[]) =>
    conditioned.features(toTensors(weights), sequence, { ...labelled(0, 1), ...at(...scales) });
  const without = network.features(toTensors(fresh), sequence, labelled(0, 1));
  expect(features(fresh, 1, 4).arraySync()).toEqual(without.arraySync());
  const moved = tf.sub(features(trained, 1, 4), without).arraySync() as number[][][];
  // The same at every position, and another for another scale.
  for (const sample of moved) {
    for (const position of sample)
      position.forEach((d, i) => expect(d).toBeCloseTo(sample[0]![i]!, 4));
  }
  expect(Math.abs(moved[0]![0]![0]! - moved[1]![0]![0]!)).toBeGreaterThan(0.01);
  expect(conditioned.isHeadParameter('guidance_embed.mlp.0.weight')).toBe(true);
  expect(conditioned.isTrainable('guidance_embed.mlp.2.bias')).toBe(true);
  expect(conditioned.isHeadParameter('mix.weight')).toBe(false);
  expect(() => conditioned.features(toTensors(fresh), sequence, labelled(0, 1))).toThrow(
    'This network takes a guidance scale: give it with the condition.',
  );
});

it('a generator samples at its usual scale unless the condition says another', async () => {
  const sampler = await compileOneStep(
    { generator, weights: trained, batchSize: 2 },
    eagerCompiler,
  );
  expect(sampler.evaluations).toBe(1);
  const labels = SPACE.inTurn(0, 2);
  const draw = async (...scales: number[]) => {
    const guidance = scales.length > 0 ? guidanceOf(Float32Array.from(scales)) : {};
    return [...(await sampler.sample({ ...labels, ...guidance }, rng, 0)).sequence.data];
  };
  expect(await draw()).toEqual(await draw(2, 2));
  const [low, mixed, high] = [await draw(1, 1), await draw(1, 4), await draw(4, 4)];
  const half = low.length / 2;
  expect(mixed).toEqual([...low.slice(0, half), ...high.slice(half)]);
  expect(low.slice(0, half)).not.toEqual(high.slice(0, half));
  await expect(draw(1, 4.5)).rejects.toThrow(
    'There is no guidance scale 4.5 here: give scales from 1 to 4.',
  );
});

it('the teacher that draws the last AR steps again does so with its own scale', async () => {
  const program = { generator, weights: trained, teacher, teacherWeights, batchSize: 2 };
  const labels = SPACE.inTurn(0, 2);
  const draw = async (steps: number, scale: number) => {
    const sampler = await compileRefinement({ ...program, steps }, eagerCompiler);
    const guidance = guidanceOf(new Float32Array(2).fill(scale));
    return [...(await sampler.sample({ ...labels, ...guidance }, rng, 3)).sequence.data];
  };
  // Of all AR steps drawn again nothing of the generator is left.
  expect(await draw(3, 1)).toEqual(await draw(3, 4));
});

it('is refused where nothing takes a scale', () => {
  class Narrow extends TinyNetwork {
    override readonly featureWidth = undefined;
  }
  expect(() => new GuidanceConditionedNetwork(new Narrow(), INPUT)).toThrow(
    'does not say how wide the features are that a guidance scale is added to: leave "guidanceRange" out.',
  );
});
