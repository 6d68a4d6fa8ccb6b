import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findPythonWith } from '@ar-distill/bench';
import { plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as mnist } from '@ar-distill/plugin-mnist';
import { plugin as varPlugin } from '@ar-distill/plugin-var';
import { createRng, MODEL_PRECISIONS } from '@ar-distill/program';
import { exportModel, sample } from '@ar-distill/workflows';
import { pluginContainer } from '../plugin-container';

/** Checks a model, and draws from noise and labels in files. */
const PYTHON = `
import sys
import numpy, onnx, onnxruntime
model, noise, labels, count, result = sys.argv[1:]
onnx.checker.check_model(model, full_check=True)
assert [opset.domain for opset in onnx.load(model).opset_import] == ['']
session = onnxruntime.InferenceSession(model, providers=['CPUExecutionProvider'])
shape = session.get_inputs()[0].shape[1:]
feeds = {
    'noise': numpy.fromfile(noise, numpy.float32).reshape(int(count), *shape),
    'labels': numpy.fromfile(labels, numpy.int32),
}
session.run(['images'], feeds)[0].tofile(result)
`;

/** The same in onnxruntime-web, on WebAssembly. */
const WEB = `
const { readFileSync, writeFileSync } = require('node:fs');
const { env, InferenceSession, Tensor } = require('onnxruntime-web');
const [model, noise, labels, count, result] = process.argv.slice(1);
const read = (file, Type) => new Type(Uint8Array.from(readFileSync(file)).buffer);
env.wasm.numThreads = 1;
(async () => {
  const session = await InferenceSession.create(model, { executionProviders: ['wasm'] });
  const [, ...shape] = session.inputMetadata[0].shape;
  const { images } = await session.run({
    noise: new Tensor('float32', read(noise, Float32Array), [Number(count), ...shape]),
    labels: new Tensor('int32', read(labels, Int32Array), [Number(count)]),
  });
  writeFileSync(result, new Uint8Array(images.data.buffer, images.data.byteOffset, images.data.byteLength));
})();
`;

/** What a difference of a pixel in [0, 1] may be; smaller weights make other images. */
const BOUNDS = { fp32: 1e-4, fp16: 0.1, int8: 0.5 };
/** Bytes of a model over those of the exact one; names, biases and small weights stay as long as they are. */
const SIZES = { fp32: 1, fp16: 0.6, int8: 0.4 };

const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-exports-'));
const container = pluginContainer(varPlugin, llamagen, mnist);

/** Another runtime: the command that runs a script, and the script. */
type Runtime = readonly [command: string, flag: string, script: string];

const python = findPythonWith('numpy', 'onnx', 'onnxruntime');
const web = runs(process.execPath, '-e', "require('onnxruntime-web')");
const RUNTIMES: readonly (readonly [string, Runtime | undefined])[] = [
  ["PyPI's onnxruntime", python === undefined ? undefined : [python, '-c', PYTHON]],
  ['onnxruntime-web', web ? [process.execPath, '-e', WEB] : undefined],
];

function runs(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

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
      for (const count of [1, 3, 17]) {
        const { images, condition } = await sample(container, { preset, count, seed: 5 });
        const labels = condition['labels']!.data;
        const pixels = drawnBy(runtime!, path.join(out, 'generator.onnx'), labels);
        expect(pixels).toHaveLength(images.data.length);
        const apart = pixels.map((value, i) => Math.abs(value - (images.data[i]! + 1) / 2));
        expect(Math.max(...apart)).toBeLessThanOrEqual(BOUNDS[precision]);
      }
    });
  }

  /** Pixels of seed 5 by another runtime. */
  function drawnBy([command, flag, script]: Runtime, model: string, labels: ArrayLike<number>) {
    const rng = createRng(5);
    const size = (preset === 'mnist-var' ? 30 : 16) * 8;
    const noise = Array.from(labels, (_, i) => [...rng.normal('sample/noise', i, size)]).flat();
    const file = (name: string): string => path.join(root, name);
    writeFileSync(file('noise'), new Uint8Array(Float32Array.from(noise).buffer));
    writeFileSync(file('labels'), new Uint8Array(Int32Array.from(labels).buffer));
    const args = [model, file('noise'), file('labels'), String(labels.length), file('result')];
    const { status, stderr } = spawnSync(command, [flag, script, ...args], { encoding: 'utf8' });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const bytes = Uint8Array.from(readFileSync(file('result')));
    return new Float32Array(bytes.buffer);
  }
});
