import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as mnist } from '@ar-distill/plugin-mnist';
import { plugin as varPlugin } from '@ar-distill/plugin-var';
import { exportModel, sample } from '@ar-distill/workflows';
import { pluginContainer } from '../plugin-container';

const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-shipped-'));
const container = pluginContainer(varPlugin, llamagen, mnist);

afterAll(async () => {
  await container.dispose();
  rmSync(root, { recursive: true, force: true });
});

it.each(['mnist-var', 'mnist-llamagen'])(
  'the generator of %s draws the same from its model directory and as an ONNX model',
  async (preset) => {
    const out = path.join(root, preset);
    const { onnx } = await exportModel(container, { preset, out, onnx: 'int8', samples: 200 });
    const [library, exact, small] = onnx!.rows;
    expect(exact!.difference).toBeLessThan(1e-4);
    expect(small!.difference).toBeLessThan(0.5);
    // Float32 models are four times as large, but for names, biases and small weights.
    expect(small!.bytes! / exact!.bytes!).toBeLessThan(0.4);
    const distance = 'frechet-distance';
    expect(library!.values[distance]).toBeGreaterThan(0);
    expect(exact!.values[distance]).toBeCloseTo(library!.values[distance]!, 2);
    const drawing = { count: 4, seed: 1 };
    const { images } = await sample(container, { ...drawing, weights: out });
    const expected = await sample(container, { ...drawing, preset });
    expect(images).toEqual(expected.images);
  },
);
