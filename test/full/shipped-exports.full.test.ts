import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as mnist } from '@ar-distill/plugin-mnist';
import { plugin as varPlugin } from '@ar-distill/plugin-var';
import { createRng, MODEL_PRECISIONS } from '@ar-distill/program';
import { exportModel, sample } from '@ar-distill/workflows';
import { drawnBy, pythonRuntime, WEB_RUNTIME } from '../onnx-runtimes';
import { pluginContainer } from '../plugin-container';

/** What a difference of a pixel in [0, 1] may be; smaller weights make other images. */
const BOUNDS = { fp32: 1e-4, fp16: 0.1, int8: 0.5 };
/** Bytes of a model over those of the exact one; names, biases and small weights stay as long as they are. */
const SIZES = { fp32: 1, fp16: 0.6, int8: 0.4 };

const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-exports-'));
const container = pluginContainer(varPlugin, llamagen, mnist);

const RUNTIMES = [
  ["PyPI's onnxruntime", pythonRuntime()],
  ['onnxruntime-web', WEB_RUNTIME],
] as const;

afterAll(async () => {
  await container.dispose();
  rmSync(root, { recursive: true, force: true });
});

describe.each(
  ['mnist-var', 'mnist-llamagen'].flatMap((preset) =>
    MODEL_PRECISIONS.map((precision) => [preset, precision] as const),
  ),
)('the generator of %s, exported in %s', (preset, precision) => {
  const out = path.join(root, `${preset}-${precision}`);

  it('draws the same from its model directory, and nearly the same as an ONNX model', async () => {
    const { onnx } = await exportModel(container, { preset, out, onnx: precision, samples: 200 });
    const [library, exact] = onnx!.rows;
    const asked = onnx!.rows.at(-1)!;
    expect(exact!.difference).toBeLessThan(1e-4);
    expect(asked.difference).toBeLessThan(BOUNDS[precision]);
    expect(asked.bytes! / exact!.bytes!).toBeLessThanOrEqual(SIZES[precision]);
    const distance = 'frechet-distance';
    expect(library!.values[distance]).toBeGreaterThan(0);
    expect(exact!.values[distance]).toBeCloseTo(library!.values[distance]!, 2);
    const { images } = await sample(container, { count: 4, seed: 1, weights: out });
    const expected = await sample(container, { count: 4, seed: 1, preset });
    expect(images).toEqual(expected.images);
  });

  for (const [name, runtime] of RUNTIMES) {
    (runtime ? it : it.skip)(`draws nearly the same in ${name}, however many at once`, async () => {
      const rng = createRng(5);
      for (const count of [1, 3, 17]) {
        const { images, condition } = await sample(container, { preset, count, seed: 5 });
        const labels = condition['labels']!.data;
        const size = (preset === 'mnist-var' ? 30 : 16) * 8;
        const noise = Array.from(labels, (_, i) => [...rng.normal('sample/noise', i, size)]).flat();
        const model = path.join(out, 'generator.onnx');
        const pixels = drawnBy(runtime!, model, Float32Array.from(noise), Int32Array.from(labels));
        expect(pixels).toHaveLength(images.data.length);
        const apart = pixels.map((value, i) => Math.abs(value - (images.data[i]! + 1) / 2));
        expect(Math.max(...apart)).toBeLessThanOrEqual(BOUNDS[precision]);
      }
    });
  }
});
