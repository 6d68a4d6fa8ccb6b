import * as tf from '@tensorflow/tfjs';
import { createEngine } from '@ar-distill/engine';
import { VarTeacher, VarTokenizer } from '@ar-distill/plugin-var';
import {
  type HostTensor,
  type HostTensors,
  int32,
  type Rng,
  type StepCompiler,
} from '@ar-distill/program';
import {
  channelsLast,
  expectedArrays,
  loadWeights,
  relativeError,
  tinyArchitecture,
  toTensor,
} from './fixture';

const tolerance = 1e-4;
const greedy = { guidanceScale: 2, topK: 1, topP: 1, temperature: 1 };

/** With top-k 1 the draws do not matter. */
const rng: Rng = {
  seed: 0,
  uniform: (_stream, _index, count) => new Float32Array(count).fill(0.5),
  normal: (_stream, _index, count) => new Float32Array(count),
  integers: (_stream, _index, count) => new Int32Array(count),
};

describe('the compiled VAR models against the official PyTorch modules', () => {
  const expected = expectedArrays();
  const teacher = new VarTeacher(tinyArchitecture, greedy);
  const tokenizer = new VarTokenizer(tinyArchitecture);
  const engine = createEngine({ worker: false, threads: 2 });
  const compiler: StepCompiler = engine;
  let weights: HostTensors;

  beforeAll(async () => {
    tf.enableProdMode();
    await tf.setBackend('cpu');
    weights = await loadWeights();
  });

  afterAll(() => engine.dispose());

  async function evaluate(
    inputs: HostTensors,
    fn: (
      constants: Record<string, tf.Tensor>,
      inputs: Record<string, tf.Tensor>,
    ) => Record<string, tf.Tensor>,
  ): Promise<Record<string, HostTensor>> {
    const step = await compiler.compile({
      name: 'var-tiny',
      constants: weights,
      inputs,
      fn: (values) => ({ outputs: fn(values.constants, values.inputs) }),
    });
    const outputs = await step.run(inputs);
    await step.dispose();
    return outputs;
  }

  it('computes the teacher-forced logits', async () => {
    const none = new Int32Array(3).fill(tinyArchitecture.numClasses);
    const { conditional, unconditional } = await evaluate(
      { tokens: expected['tokens']!, labels: expected['labels']!, none: int32([3], none) },
      (parameters, { tokens, labels, none }) => {
        const codes = teacher.quantizer.lookUp(parameters, tokens!);
        return {
          conditional: teacher.logits(parameters, codes, { labels: labels! }),
          unconditional: teacher.logits(parameters, codes, { labels: none! }),
        };
      },
    );
    const reference = (name: string): tf.Tensor => toTensor(expected[name]!);
    expect(relativeError(toTensor(conditional!), reference('logits_cond'))).toBeLessThan(tolerance);
    expect(relativeError(toTensor(unconditional!), reference('logits_uncond'))).toBeLessThan(
      tolerance,
    );
  });

  it('samples greedily', async () => {
    const sampler = await teacher.createSampler(compiler, weights, 3);
    const { tokens } = await sampler.sample({ labels: expected['labels']! }, rng, 0);
    await sampler.dispose();
    expect([...tokens!.data]).toEqual([...expected['greedy_tokens']!.data]);
  });

  it('encodes all images', async () => {
    const images = expected['encode_image']!;
    const { features, tokens } = await evaluate({ images }, (parameters, inputs) => {
      const channelsLastImages = inputs['images']!.transpose([0, 2, 3, 1]);
      return {
        features: tokenizer.encoderFeatures(parameters, channelsLastImages),
        tokens: tokenizer.encode(parameters, channelsLastImages),
      };
    });
    const reference = channelsLast(expected['encoder_features']!).reshape([2, 16, 8]);
    expect(relativeError(toTensor(features!), reference)).toBeLessThan(tolerance);
    expect([...tokens!.data]).toEqual([...expected['encode_tokens']!.data]);
  });

  it('decodes all images', async () => {
    const images = await evaluate(
      {
        image_from_tokens: expected['tokens']!,
        reconstruction: expected['encode_tokens']!,
        greedy_image: expected['greedy_tokens']!,
      },
      (parameters, inputs) =>
        Object.fromEntries(
          Object.entries(inputs).map(([name, tokens]) => [
            name,
            tokenizer.decode(parameters, tokenizer.quantizer.lookUp(parameters, tokens)),
          ]),
        ),
    );
    for (const [name, image] of Object.entries(images)) {
      const decoded = toTensor(image).clipByValue(-1, 1);
      // The greedy image is in [0, 1].
      const converted = name === 'greedy_image' ? decoded.add(1).div(2) : decoded;
      const error = relativeError(converted, channelsLast(expected[name]!));
      expect([name, error < tolerance]).toEqual([name, true]);
    }
  });
});
