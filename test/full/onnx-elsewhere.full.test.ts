import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as varPlugin } from '@ar-distill/plugin-var';
import { createRng, MODEL_PRECISIONS } from '@ar-distill/program';
import { exportModel, sample } from '@ar-distill/workflows';
import { pluginContainer } from '../plugin-container';

/** Checks a model, and draws from noise and labels in files. */
const SCRIPT = `
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
/** What a difference of a pixel may be; weights of 8 bits make another image. */
const BOUNDS = { fp32: 1e-4, fp16: 0.1, int8: 1 };

const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-elsewhere-'));
const container = pluginContainer(varPlugin, llamagen);
const python = [process.env['PYTHON'], 'python3', '/usr/bin/python3'].find(
  (command) =>
    command && spawnSync(command, ['-c', 'import numpy, onnx, onnxruntime']).status === 0,
);

afterAll(async () => {
  await container.dispose();
  rmSync(root, { recursive: true, force: true });
});

const elsewhere = python === undefined ? it.skip : it;

elsewhere.each(
  ['mnist-var', 'mnist-llamagen'].flatMap((preset) =>
    MODEL_PRECISIONS.map((precision) => [preset, precision] as const),
  ),
)('the checker and the runtime of PyPI take %s in %s', async (preset, precision) => {
  const out = path.join(root, `${preset}-${precision}`);
  await exportModel(container, { preset, out, onnx: precision });
  const rng = createRng(5);
  for (const count of [1, 3, 17]) {
    const { images, condition } = await sample(container, { preset, count, seed: 5 });
    const [noise, labels, result] = ['noise', 'labels', 'result'].map((name) =>
      path.join(root, name),
    ) as [string, string, string];
    const channels = 8;
    const length = preset === 'mnist-var' ? 30 : 16;
    const drawn = Array.from({ length: count }, (_, i) =>
      rng.normal('sample/noise', i, length * channels),
    );
    writeFileSync(noise, Buffer.concat(drawn.map(({ buffer }) => Buffer.from(buffer))));
    writeFileSync(labels, Buffer.from(condition['labels']!.data.buffer));
    const model = path.join(out, 'generator.onnx');
    const args = ['-c', SCRIPT, model, noise, labels, String(count), result];
    const { status, stderr } = spawnSync(python!, args, { encoding: 'utf8' });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const { buffer, byteOffset, length: bytes } = readFileSync(result);
    const pixels = new Float32Array(buffer.slice(byteOffset, byteOffset + bytes));
    expect(pixels).toHaveLength(images.data.length);
    const apart = pixels.map((value, i) => Math.abs(value - (images.data[i]! + 1) / 2));
    expect(Math.max(...apart)).toBeLessThanOrEqual(BOUNDS[precision]);
  }
});
