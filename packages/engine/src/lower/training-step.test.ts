import * as tf from '@tensorflow/tfjs';
import type { HostTensors } from '@ar-distill/program';
import { difference, toHost, toTensor } from '../../test-support/arrays';
import { type ProgramResults, ProgramSession } from '../../test-support/run-program';
import {
  SMALL_TRANSFORMER,
  transformerInputs,
  transformerSpec,
  transformerState,
  transformerStep,
} from '../../test-support/transformer';

tf.enableProdMode();

const STEPS = 3;

const step = transformerStep(SMALL_TRANSFORMER);

function eagerStep(state: HostTensors, inputs: HostTensors): ProgramResults {
  const results: ProgramResults = { state: {}, outputs: {} };
  const tensors = (values: HostTensors): Record<string, tf.Tensor> =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, toTensor(value)]));
  tf.tidy(() => {
    const { state: next = {}, outputs } = step({
      state: tensors(state),
      constants: {},
      inputs: tensors(inputs),
    });
    for (const [key, value] of Object.entries(next)) results.state[key] = toHost(value);
    for (const [key, value] of Object.entries(outputs)) results.outputs[key] = toHost(value);
  });
  return results;
}

test('training a transformer equals the tfjs cpu backend: loss, gradients, weights, moments', async () => {
  await tf.setBackend('cpu');
  const session = await ProgramSession.compile(step, transformerSpec(SMALL_TRANSFORMER), {
    threads: 2,
  });
  let compiled = transformerState(SMALL_TRANSFORMER);
  let eager = compiled;
  for (let i = 0; i < STEPS; i++) {
    const inputs = transformerInputs(SMALL_TRANSFORMER, 10 * i);
    const actual = await session.run({ state: compiled, inputs });
    const expected = eagerStep(eager, inputs);
    expect(Object.keys(actual.outputs).sort()).toEqual(Object.keys(expected.outputs).sort());
    for (const kind of ['outputs', 'state'] as const) {
      for (const [key, reference] of Object.entries(expected[kind])) {
        const error = difference(actual[kind][key]!, reference);
        expect(error > 1e-5 ? `${kind} ${key} of step ${i}: ${error}` : '').toBe('');
      }
    }
    // Gradients relative to their own size, which is small.
    for (const [key, reference] of Object.entries(expected.outputs)) {
      const largest = Math.max(...reference.data.map(Math.abs));
      const found = actual.outputs[key]!.data;
      const error = Math.max(...Array.from(reference.data, (v, j) => Math.abs(v - found[j]!)));
      expect(error > 1e-5 * largest ? `${key} of step ${i}: ${error / largest}` : '').toBe('');
    }
    compiled = actual.state;
    eager = expected.state;
  }
  await session.close();
});
