import * as tf from '@tensorflow/tfjs';
import { initializeParameters, prefixed, type Parameters } from '../parameters';
import { diffusionHead, diffusionHeadSpecs } from './diffusion-head';

const sizes = { channels: 3, features: 5, width: 6, depth: 2 };
const specs = prefixed('head', diffusionHeadSpecs(sizes));

function sine(step: number, shape: readonly number[], offset = 0, scale = 1): tf.Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const values = Float32Array.from(
    { length: count },
    (_, i) => scale * Math.sin(step * i + offset),
  );
  return tf.tensor(values, [...shape]);
}

/** Parameter i in the order of the names is ½·sin(0.7·j + i). */
function sineParameters(): Parameters {
  const names = Object.keys(specs).sort();
  return Object.fromEntries(names.map((name, i) => [name, sine(0.7, specs[name]!.shape, i, 0.5)]));
}

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

it('has the names and outputs of SimpleMLPAdaLN (MAR, diffloss.py)', () => {
  expect(Object.keys(specs).sort()).toEqual([
    'head.net.cond_embed.bias',
    'head.net.cond_embed.weight',
    'head.net.final_layer.adaLN_modulation.1.bias',
    'head.net.final_layer.adaLN_modulation.1.weight',
    'head.net.final_layer.linear.bias',
    'head.net.final_layer.linear.weight',
    'head.net.input_proj.bias',
    'head.net.input_proj.weight',
    ...[0, 1].flatMap((i) =>
      ['adaLN_modulation.1', 'in_ln', 'mlp.0', 'mlp.2'].flatMap((layer) => [
        `head.net.res_blocks.${i}.${layer}.bias`,
        `head.net.res_blocks.${i}.${layer}.weight`,
      ]),
    ),
    'head.net.time_embed.mlp.0.bias',
    'head.net.time_embed.mlp.0.weight',
    'head.net.time_embed.mlp.2.bias',
    'head.net.time_embed.mlp.2.weight',
  ]);
  const output = diffusionHead(sineParameters(), 'head', sizes.depth, {
    features: sine(1.3, [4, 5]),
    xT: sine(0.9, [1, 4, 3]),
    t: tf.tensor2d([[0.01, 0.3, 0.75, 1]]),
  });
  // PyTorch, float32, timesteps 1000·t.
  const official = [
    [-1.864304, 1.013344, -0.384307],
    [-0.971663, -0.851841, 0.551905],
    [-1.312528, 0.25561, -0.193111],
    [-2.346313, 0.428734, 0.670924],
  ].flat();
  expect(output.shape).toEqual([1, 4, 3]);
  output.dataSync().forEach((value, i) => expect(value).toBeCloseTo(official[i]!, 3));
});

it('starts with velocity zero and embeds a common timestep once', () => {
  const noise = {
    normal: (_stream: string, index: number, count: number) =>
      Float32Array.from({ length: count }, (_, i) => Math.sin(i + index)),
    uniform: (_stream: string, index: number, count: number) =>
      Float32Array.from({ length: count }, (_, i) => Math.abs(Math.sin(i + index)) * 0.99),
  };
  const fresh = Object.fromEntries(
    Object.entries(initializeParameters(specs, noise)).map(([name, value]) => [
      name,
      tf.tensor(value.data, [...value.shape]),
    ]),
  );
  const inputs = { features: sine(1.3, [2, 3, 5]), xT: sine(0.9, [4, 2, 3, 3]) };
  const start = diffusionHead(fresh, 'head', sizes.depth, {
    ...inputs,
    t: tf.fill([4, 2, 3], 0.4),
  });
  expect(start.abs().max().dataSync()[0]).toBe(0);

  const parameters = sineParameters();
  const each = diffusionHead(parameters, 'head', 2, { ...inputs, t: tf.fill([4, 2, 3], 0.4) });
  const once = diffusionHead(parameters, 'head', 2, { ...inputs, t: tf.fill([1, 1, 1], 0.4) });
  expect(once.shape).toEqual([4, 2, 3, 3]);
  expect(once.sub(each).abs().max().dataSync()[0]!).toBeLessThan(1e-5);
});

it('without blocks is a head whose blocks add nothing', () => {
  const isBlock = (name: string): boolean => name.includes('.res_blocks.');
  const shallow = prefixed('head', diffusionHeadSpecs({ ...sizes, depth: 0 }));
  expect(Object.keys(shallow).sort()).toEqual(
    Object.keys(specs)
      .filter((name) => !isBlock(name))
      .sort(),
  );
  const parameters = sineParameters();
  // A block's gate is a part of its modulation.
  const closed = Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [
      name,
      isBlock(name) && name.includes('adaLN_modulation') ? tf.zerosLike(value) : value,
    ]),
  );
  const inputs = {
    features: sine(1.3, [4, 5]),
    xT: sine(0.9, [1, 4, 3]),
    t: tf.tensor2d([[0.01, 0.3, 0.75, 1]]),
  };
  const output = diffusionHead(parameters, 'head', 0, inputs);
  const expected = diffusionHead(closed, 'head', sizes.depth, inputs);
  expect(expected.abs().max().dataSync()[0]!).toBeGreaterThan(0.1);
  expect(output.sub(expected).abs().max().dataSync()[0]!).toBeLessThan(1e-6);
});
