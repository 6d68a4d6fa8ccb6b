import * as tf from '@tensorflow/tfjs';
import { checkPlugin } from '@ar-distill/conformance';
import { eagerCompiler } from './eager-compiler';
import { hashRng } from './hash-rng';
import { type Fault, tinyPlugin } from './tiny-plugin';

beforeAll(() => {
  tf.enableProdMode();
});

const options = { rng: hashRng(3), compiler: eagerCompiler };

test('a plugin that keeps the rules passes all of them', async () => {
  const results = await checkPlugin(tinyPlugin(), {}, options);
  expect(results.filter((result) => !result.ok)).toEqual([]);
  expect(results.length).toBeGreaterThan(20);
});

test('no tensor is left behind', async () => {
  await tf.setBackend('cpu');
  const before = tf.memory().numTensors;
  await checkPlugin(tinyPlugin(), {}, options);
  expect(tf.memory().numTensors).toBe(before);
});

const faults: [Fault, string, string][] = [
  ['leak', 'features depend on earlier AR steps only', 'Position 0 of AR step 0 sees AR step 0.'],
  ['ignored-label', 'labels reach every position', 'same features for two labels'],
  ['unused-parameter', 'gradients are finite and reach', '"spare.weight"'],
  ['infinite', 'velocities have the shape of x_t', 'at t = 1 has values that are NaN'],
  ['mixed-positions', 'velocity is position-wise', 'when other positions are left out'],
  ['guided-at-zero', 'a guidance scale of 0', 'is not the log-softmax of the logits'],
];

test.each(faults)('finds the fault "%s"', async (fault, name, detail) => {
  const results = await checkPlugin(tinyPlugin(fault), {}, options);
  const broken = results.find((result) => !result.ok && result.name.includes(name));
  expect(broken?.detail).toContain(detail);
});

test('a factory that throws is a result, not an exception', async () => {
  const plugin = tinyPlugin();
  const results = await checkPlugin(
    {
      ...plugin,
      createTeacher: () => {
        throw new Error('No such teacher.');
      },
    },
    {},
    options,
  );
  expect(results.at(-1)).toEqual({
    name: 'definition: the factories make parts of one layout',
    ok: false,
    detail: 'No such teacher.',
  });
});
