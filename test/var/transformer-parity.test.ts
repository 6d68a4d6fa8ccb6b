import * as tf from '@tensorflow/tfjs';
import { type Parameters, toTensors } from '@ar-distill/nn';
import { drawSequences, VarTeacher, VarTokenizer } from '@ar-distill/plugin-var';
import type { HostTensors } from '@ar-distill/program';
import { expectedArrays, loadWeights, relativeError, tinyArchitecture, toTensor } from './fixture';

const sampling = { guidanceScale: 2, topK: 1, topP: 1, temperature: 1 };
const tolerance = 1e-4;

describe('VAR transformer against the official PyTorch modules', () => {
  const expected = expectedArrays();
  const teacher = new VarTeacher(tinyArchitecture, sampling);
  let parameters: Parameters;
  let weights: HostTensors;

  beforeAll(async () => {
    tf.enableProdMode();
    await tf.setBackend('cpu');
    weights = await loadWeights();
    parameters = toTensors(weights);
  });

  it('declares the official names and shapes', () => {
    const teacherSpecs = teacher.parameterSpecs;
    const tokenizerSpecs = new VarTokenizer(tinyArchitecture).parameterSpecs;
    const buffers = ['lvl_1L', 'attn_bias_for_masking', 'quantize.ema_vocab_hit_SV'];
    const declared = { ...teacherSpecs, ...tokenizerSpecs };
    const official = Object.keys(weights).filter(
      (name) => !buffers.includes(name) && !name.endsWith('zero_k_bias'),
    );
    expect(Object.keys(declared).sort()).toEqual(official.sort());
    for (const name of official) expect(declared[name]!.shape).toEqual(weights[name]!.shape);
  });

  it('makes the teacher-forcing input', () => {
    const codes = teacher.quantizer.lookUp(parameters, toTensor(expected['tokens']!));
    const inputs = teacher.quantizer.nextScaleInputs(parameters, codes)!;
    expect(relativeError(inputs, toTensor(expected['teacher_input']!))).toBeLessThan(tolerance);
  });

  it('computes the logits with and without the class', () => {
    const codes = teacher.quantizer.lookUp(parameters, toTensor(expected['tokens']!));
    const labels = toTensor(expected['labels']!);
    const none = tf.fill([3], tinyArchitecture.numClasses, 'int32');
    const conditional = teacher.logits(parameters, codes, { labels });
    const unconditional = teacher.logits(parameters, codes, { labels: none });
    const errors = [
      relativeError(conditional, toTensor(expected['logits_cond']!)),
      relativeError(unconditional, toTensor(expected['logits_uncond']!)),
    ];
    expect(Math.max(...errors)).toBeLessThan(tolerance);
  });

  it('decodes greedily with the key-value cache to the same tokens', () => {
    const labels = toTensor(expected['labels']!);
    const drawn = drawSequences(teacher, parameters, { labels }, tf.fill([3, 30], 0.5));
    expect([...drawn.tokens.dataSync()]).toEqual([...expected['greedy_tokens']!.data]);
    const codes = teacher.quantizer.lookUp(parameters, drawn.tokens);
    expect(relativeError(drawn.sequence, codes)).toBe(0);
  });
});
