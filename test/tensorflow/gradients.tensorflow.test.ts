import { createEngine, type EngineOptions } from '@ar-distill/engine';
import type { HostTensors } from '@ar-distill/program';
import {
  SMALL_TRANSFORMER,
  transformerInputs,
  transformerSpec,
  transformerState,
  transformerStep,
} from '../../packages/engine/test-support/transformer';

const STEPS = 3;

/** Loss and gradients of every step of a training, and the state after it. */
async function train(options: EngineOptions): Promise<HostTensors[]> {
  const engine = createEngine({ threads: 2, ...options });
  const results: HostTensors[] = [];
  try {
    const store = await engine.createStore(transformerState(SMALL_TRANSFORMER));
    const { inputs } = transformerSpec(SMALL_TRANSFORMER);
    const step = await engine.compile(
      {
        name: 'transformer',
        state: Object.keys(store.specs),
        inputs,
        fn: transformerStep(SMALL_TRANSFORMER),
      },
      store,
    );
    for (let i = 0; i < STEPS; i++) {
      const outputs = await step.run(transformerInputs(SMALL_TRANSFORMER, 10 * i));
      results.push(outputs, await store.read());
    }
  } finally {
    await engine.dispose();
  }
  return results;
}

it('gives the loss, gradients and weights of the compiled engine', async () => {
  const compiled = await train({});
  const eager = await train({ backend: 'tensorflow' });
  expect(eager.map((values) => Object.keys(values).sort())).toEqual(
    compiled.map((values) => Object.keys(values).sort()),
  );
  compiled.forEach((values, i) => {
    for (const [name, { data }] of Object.entries(values)) {
      // Relative to its own largest value: gradients are small.
      const largest = Math.max(...data.map(Math.abs));
      const found = eager[i]![name]!.data;
      const error = Math.max(...Array.from(data, (value, j) => Math.abs(value - found[j]!)));
      expect(error <= 2e-5 * largest ? '' : `${name} of step ${i >> 1}: ${error / largest}`).toBe(
        '',
      );
    }
  });
}, 300_000);
