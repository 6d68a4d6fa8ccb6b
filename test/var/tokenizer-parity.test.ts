import * as tf from '@tensorflow/tfjs';
import { type Parameters, toTensors } from '@ar-distill/nn';
import { VarTokenizer } from '@ar-distill/plugin-var';
import type { HostTensor } from '@ar-distill/program';
import {
  channelsLast,
  expectedArrays,
  loadWeights,
  relativeError,
  tinyArchitecture,
  toTensor,
} from './fixture';

const tolerance = 1e-4;

// One image per array, because eager convolutions are slow; engine.test.ts runs them all.
describe('VAR tokenizer against the official PyTorch modules', () => {
  const expected = expectedArrays();
  const tokenizer = new VarTokenizer(tinyArchitecture);
  let parameters: Parameters;

  const codesOf = (tokens: HostTensor): tf.Tensor =>
    tokenizer.quantizer.lookUp(parameters, toTensor(tokens));
  const first = (x: tf.Tensor): tf.Tensor => x.slice(0, 1);

  beforeAll(async () => {
    tf.enableProdMode();
    await tf.setBackend('cpu');
    parameters = toTensors(await loadWeights());
  });

  it('accumulates the scales', () => {
    const latents = tokenizer.quantizer.accumulate(parameters, codesOf(expected['tokens']!));
    const map = latents.at(-1)!.reshape([3, 4, 4, 8]);
    expect(relativeError(map, channelsLast(expected['f_hat']!))).toBeLessThan(tolerance);
  });

  it('encodes images to the same features', () => {
    const images = first(channelsLast(expected['encode_image']!));
    const features = tokenizer.encoderFeatures(parameters, images);
    const reference = first(channelsLast(expected['encoder_features']!)).reshape([1, 16, 8]);
    expect(relativeError(features, reference)).toBeLessThan(tolerance);
  });

  it('quantises features to exactly the same tokens', () => {
    const features = channelsLast(expected['encoder_features']!).reshape([2, 16, 8]);
    const tokens = tokenizer.quantizer.encode(parameters, features);
    expect(tokens.dtype).toBe('int32');
    expect([...tokens.dataSync()]).toEqual([...expected['encode_tokens']!.data]);
  });

  it('decodes', () => {
    const codes = first(codesOf(expected['encode_tokens']!));
    const decoded = tokenizer.decode(parameters, codes).clipByValue(-1, 1);
    const reference = first(channelsLast(expected['reconstruction']!));
    expect(relativeError(decoded, reference)).toBeLessThan(tolerance);
  });
});
