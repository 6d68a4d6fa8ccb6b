import * as tf from '@tensorflow/tfjs';
import { ofClasses } from '@ar-distill/core';
import { createEngine } from '@ar-distill/engine';
import { type Parameters, toTensors } from '@ar-distill/nn';
import { LlamagenTeacher, LlamagenTokenizer, rotaryFrequencies } from '@ar-distill/plugin-llamagen';
import type { HostTensors, Rng } from '@ar-distill/program';
import { readFixture, relativeError } from '../read-fixture';
import { integers, loadWeights, plainSampling, tinyArchitecture } from './fixture';

const tolerance = 1e-4;

/** With top-k 1 the draws do not matter. */
const anyRng: Rng = {
  seed: 0,
  uniform: (_stream, _index, count) => new Float32Array(count).fill(0.5),
  normal: (_stream, _index, count) => new Float32Array(count),
  integers: (_stream, _index, count) => new Int32Array(count),
};

describe('LlamaGen transformer against the official PyTorch module', () => {
  const expected = readFixture('llamagen-tiny');
  const teacher = new LlamagenTeacher(tinyArchitecture, plainSampling);
  let weights: HostTensors;
  let parameters: Parameters;

  beforeAll(async () => {
    tf.enableProdMode();
    await tf.setBackend('cpu');
    weights = await loadWeights();
    parameters = toTensors(weights);
  });

  it('declares the official names and shapes', () => {
    const tokenizerSpecs = new LlamagenTokenizer(tinyArchitecture).parameterSpecs;
    const declared = { ...teacher.parameterSpecs, ...tokenizerSpecs };
    const official = Object.keys(weights).filter((name) => name !== 'quantize.codebook_used');
    expect(Object.keys(declared).sort()).toEqual(official.sort());
    for (const name of official) expect(declared[name]!.shape).toEqual(weights[name]!.shape);
  });

  it('has the official rotary table, zero for the class token', () => {
    const table = tf.tensor(rotaryFrequencies(tinyArchitecture), [17, 8, 2]);
    expect(relativeError(table, expected('freqs_cis'))).toBeLessThan(1e-6);
    expect(table.slice(0, 1).abs().max().dataSync()[0]).toBe(0);
  });

  it('computes the logits with and without the class', () => {
    const tokens = integers(expected('tokens'));
    const labels = integers(expected('labels'));
    const none = tf.fill([3], tinyArchitecture.numClasses, 'int32');
    const conditional = teacher.logitsOfTokens(parameters, tokens, { labels });
    const unconditional = teacher.logitsOfTokens(parameters, tokens, { labels: none });
    expect(relativeError(conditional, expected('logits_cond'))).toBeLessThan(tolerance);
    expect(relativeError(unconditional, expected('logits_uncond'))).toBeLessThan(tolerance);
  });

  it('reads the nearest codes of a continuous sequence', () => {
    const tokens = integers(expected('tokens'));
    const codes = tf.gather(teacher.codebook(parameters), tokens);
    const logits = teacher.logits(parameters, codes.mul(0.9), {
      labels: integers(expected('labels')),
    });
    expect(relativeError(logits, expected('logits_cond'))).toBeLessThan(tolerance);
  });

  it('decodes greedily with the key-value cache to the same tokens', async () => {
    const greedy = { guidanceScale: 2, topK: 1, topP: 1, temperature: 1 };
    const engine = createEngine({ worker: false, threads: 1 });
    const guided = new LlamagenTeacher(tinyArchitecture, greedy);
    const sampler = await guided.createSampler(engine, weights, 3);
    const condition = ofClasses(Int32Array.from(expected('labels').data));
    // Twice: what the first batch leaves in the caches must not matter.
    for (let run = 0; run < 2; run++) {
      const { tokens, sequence } = await sampler.sample(condition, anyRng, 0);
      expect(Array.from(tokens!.data)).toEqual(Array.from(expected('greedy_tokens').data));
      const codes = tf.gather(
        guided.scaledCodebook(parameters),
        tf.tensor(tokens!.data, [3, 16], 'int32'),
      );
      expect(
        tf
          .tensor(sequence.data, [...sequence.shape])
          .sub(codes)
          .abs()
          .max()
          .dataSync()[0]!,
      ).toBeLessThan(1e-6);
    }
    await sampler.dispose();
    await engine.dispose();
  });
});
