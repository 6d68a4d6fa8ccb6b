import * as tf from '@tensorflow/tfjs';
import { createEngine } from '@ar-distill/engine';
import { LlamagenTokenizer } from '@ar-distill/plugin-llamagen';
import { float32, type HostTensor, type HostTensors, type StepCompiler } from '@ar-distill/program';
import { readFixture, relativeError } from '../read-fixture';
import { channelsFirst, hostIntegers, loadWeights, tinyArchitecture } from './fixture';

const tolerance = 1e-4;

// Compiled: eager convolutions are slow.
describe('LlamaGen tokenizer against the official PyTorch module', () => {
  const expected = readFixture('llamagen-tiny');
  const tokenizer = new LlamagenTokenizer(tinyArchitecture);
  const engine = createEngine({ worker: false, threads: 1 });
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
      name: 'llamagen-tiny',
      constants: weights,
      inputs,
      fn: (values) => ({ outputs: fn(values.constants, values.inputs) }),
    });
    const outputs = await step.run(inputs);
    await step.dispose();
    return outputs;
  }

  const toTensor = ({ data, shape }: HostTensor): tf.Tensor => tf.tensor(data, [...shape]);
  /** [B, n, C] → [B, C, 4, 4]. */
  const asMap = (sequence: tf.Tensor): tf.Tensor =>
    channelsFirst(sequence.reshape([sequence.shape[0]!, 4, 4, 8]));

  it('encodes images to the same features and tokens', async () => {
    const { shape, data } = expected('encode_image');
    const images = float32(shape, Float32Array.from(data));
    const { features, tokens, codes } = await evaluate({ images }, (parameters, inputs) => {
      const channelsLast = inputs['images']!.transpose([0, 2, 3, 1]);
      const found = tokenizer.encode(parameters, channelsLast);
      return {
        features: asMap(tokenizer.encoderFeatures(parameters, channelsLast)),
        tokens: found,
        codes: asMap(tf.gather(tokenizer.codebook(parameters), found)),
      };
    });
    expect(relativeError(toTensor(features!), expected('encoder_features'))).toBeLessThan(
      tolerance,
    );
    expect(Array.from(tokens!.data)).toEqual(Array.from(expected('encode_tokens').data));
    expect(relativeError(toTensor(codes!), expected('encode_quantized'))).toBeLessThan(tolerance);
  });

  it('decodes tokens to the same images', async () => {
    const images = await evaluate(
      {
        image_from_tokens: hostIntegers(expected('tokens')),
        reconstruction: hostIntegers(expected('encode_tokens')),
        greedy_image: hostIntegers(expected('greedy_tokens')),
      },
      (parameters, inputs) => ({
        quantized_from_tokens: asMap(
          tf.gather(tokenizer.codebook(parameters), inputs['image_from_tokens']!),
        ),
        ...Object.fromEntries(
          Object.entries(inputs).map(([name, tokens]) => [
            name,
            channelsFirst(
              tokenizer.decode(parameters, tf.gather(tokenizer.codebook(parameters), tokens)),
            ),
          ]),
        ),
      }),
    );
    for (const [name, image] of Object.entries(images)) {
      const error = relativeError(toTensor(image), expected(name));
      expect([name, error < tolerance]).toEqual([name, true]);
    }
    expect(Object.keys(images)).toHaveLength(4);
  });
});
